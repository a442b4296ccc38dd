package athena

import "strings"

// denied are words that begin what no question needs and the gate does not follow.
var denied = strings.Fields(`table match_recognize json_table tablesample for into current_user current_role current_groups current_catalog current_schema
	session_user execute prepare describe show call external unload insert delete update merge create drop alter grant revoke set reset`)

// bracketed are words that a bracket may follow without being a function: of clauses, operators and types.
var bracketed = strings.Fields(`select distinct all from join on using where and or not in exists any some by having as values over filter within with union intersect except
	when then else case between like escape is unnest lateral sets cube rollup row array map interval limit offset partition order
	decimal varchar char timestamp time numeric double date`)

// functions are those that compute from their arguments and touch nothing else. Those that make a large text of a small
// one are left out, as they are of the engine on one machine.
var functions = set(`
abs acos all_match any_match any_value approx_distinct approx_most_frequent approx_percentile arbitrary array_agg array_distinct array_except array_intersect array_join
array_max array_min array_position array_remove array_sort array_union arrays_overlap asin at_timezone atan atan2 avg bit_count bitwise_and bitwise_and_agg
bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg bitwise_right_shift bitwise_xor bool_and bool_or cardinality cast cbrt ceil ceiling checksum chr coalesce
codepoint combinations concat concat_ws contains contains_sequence corr cos cosh count count_if covar_pop covar_samp crc32 cube cume_dist current_date current_time
current_timestamp date date_add date_diff date_format date_parse date_trunc day day_of_month day_of_week day_of_year degrees dense_rank dow doy e element_at ends_with
entropy_agg every exp extract filter first_value flatten floor format_datetime format_number from_base from_base64 from_hex from_iso8601_date from_iso8601_timestamp
from_unixtime from_unixtime_nanos from_utf8 geometric_mean great_circle_distance greatest grouping hamming_distance histogram hour human_readable_seconds if infinity
is_finite is_infinite is_json_scalar is_nan json_array json_array_contains json_array_get json_array_length json_exists json_extract json_extract_scalar json_format
json_object json_parse json_query json_size json_value kurtosis lag last_day_of_month last_value lead least length levenshtein_distance listagg ln localtime localtimestamp log
log10 log2 lower ltrim map_agg map_concat map_entries map_filter map_from_entries map_keys map_union map_values map_zip_with max max_by md5 millisecond min min_by minute mod
month multimap_agg nan ngrams none_match normalize now nth_value ntile nullif numeric_histogram parse_datetime parse_duration percent_rank pi position pow power
quarter radians rank reduce reduce_agg regexp_count regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace regexp_split regr_intercept
regr_slope replace reverse round row_number rtrim second sequence sha1 sha256 sha512 shuffle sign sin sinh skewness slice soundex split split_part split_to_map
sqrt starts_with stddev stddev_pop stddev_samp strpos substr substring sum tan tanh timezone_hour timezone_minute to_base to_base64 to_hex to_iso8601 to_milliseconds
to_unixtime to_utf8 transform transform_keys transform_values translate trim trim_array truncate try try_cast typeof upper url_decode url_encode url_extract_fragment
url_extract_host url_extract_parameter url_extract_path url_extract_port url_extract_protocol url_extract_query var_pop var_samp variance week week_of_year width_bucket
with_timezone word_stem year year_of_week yow zip zip_with
`)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}
