package duckdb

import "strings"

// tableFunctions are those that a question may read from: they make rows of their arguments alone.
var tableFunctions = set(`unnest generate_series range`)

// Functions that make a large text of a small one (repeat, lpad, rpad, printf) are left out of functions: the engine
// computes them on constants before its memory limit counts.

// functions are those that compute from their arguments and touch nothing else: no file, no setting, no catalog, no
// sequence, no memory of the session.
var functions = set(`
abs acos acosh age any_value approx_count_distinct approx_quantile arg_max arg_max_null arg_min arg_min_null argmax argmin
array_agg array_append array_cat array_concat array_contains array_distinct array_extract array_filter array_has
array_has_all array_has_any array_indexof array_intersect array_length array_pop_back array_pop_front array_position
array_prepend array_push_back array_push_front array_reverse_sort array_slice array_sort array_to_string array_transform
array_unique array_value arbitrary ascii asin asinh atan atan2 atanh avg bar base64 bin bit_and bit_count bit_length
bit_or bit_xor bool_and bool_or cardinality cbrt ceil ceiling century char_length character_length chr coalesce concat
concat_ws constant_or_null contains corr cos cosh cot count count_if count_star countif covar_pop covar_samp cume_dist
current_date current_localtimestamp current_timestamp damerau_levenshtein date_add date_diff date_part date_sub
date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear decade degrees dense_rank
div divide element_at encode decode ends_with entropy epoch epoch_ms epoch_ns epoch_us era error even exp extract factorial
favg fdiv filter first first_value flatten floor fmod format format_bytes formatreadabledecimalsize formatreadablesize
from_base64 from_hex fsum gamma gcd generate_series geomean geometric_mean get_current_timestamp grade_up greatest
greatest_common_divisor grouping grouping_id group_concat hamming hash hex histogram hour ilike_escape instr isfinite isinf isnan isodow
isoyear jaccard jaro_similarity jaro_winkler_similarity json_array json_array_length json_contains json_extract
json_extract_path json_extract_path_text json_extract_string json_keys json_type json_valid json_value json_exists json_object
json_structure kahan_sum kurtosis kurtosis_pop lag last last_day last_value lcase lcm lead least least_common_multiple
left left_grapheme len length levenshtein lgamma like_escape list list_any_value list_append list_avg
list_cat list_concat list_contains list_count list_distinct list_element list_extract list_filter list_first list_has
list_has_all list_has_any list_indexof list_intersect list_last list_max list_median list_min list_pack list_position
list_prepend list_product list_reverse list_reverse_sort list_slice list_sort list_sum list_transform list_unique
list_value list_where list_zip ln log log10 log2 lower ltrim mad make_date make_time make_timestamp
make_timestamptz map map_contains map_entries map_extract map_extract_value map_from_entries map_keys map_values max max_by
md5 mean median microsecond millennium millisecond min min_by minute mismatches mod mode month monthname multiply nanosecond
nfc_normalize not_ilike_escape not_like_escape now nth_value ntile nullif octet_length ord percent_rank pi position
pow power prefix product quantile quantile_cont quantile_disc quarter radians range rank rank_dense regexp_escape
regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array regr_avgx
regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy replace reservoir_quantile
reverse right right_grapheme round round_even roundbankers row row_number rtrim second sem sha1 sha256 sign signbit
sin sinh skewness split split_part sqrt stddev stddev_pop stddev_samp starts_with str_split str_split_regex strftime string_agg
string_split string_split_regex string_to_array strip_accents strlen strpos strptime struct_extract struct_insert
struct_pack substr substring substring_grapheme subtract suffix sum sum_no_overflow sumkahan tan tanh time_bucket
timezone timezone_hour timezone_minute to_base to_base64 to_binary to_centuries to_days to_decades to_hex to_hours
to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years
today transaction_timestamp translate trim trunc try_strptime typeof ucase unbin unhex unicode unnest unpivot_list upper url_decode url_encode
var_pop var_samp variance week weekday weekofyear xor year yearweek
`)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}
