package lake

import (
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Bucket is the lake's logical bucket. Locations in table metadata are s3://lake/<key> in every home, so a data folder can
// be moved, or copied to a bucket, and read there as it is.
const Bucket = "lake"

const urlPrefix = "s3://" + Bucket + "/"

// URL returns the logical location of the object under key.
func URL(key string) string { return urlPrefix + key }

// ParseURL is the inverse of URL. A location outside the lake is Invalid.
func ParseURL(url string) (key string, err error) {
	key, ok := strings.CutPrefix(url, urlPrefix)
	if !ok || key == "" {
		return "", fault.New(fault.Invalid, "%q is not a location in the lake, which begin with %s", url, urlPrefix)
	}
	return key, nil
}

// DataKey returns the key of a data file: tables/<table>/data/<partition>/<name>.parquet. The partition may be empty.
func DataKey(table, partition, name string) string {
	if partition != "" {
		partition += "/"
	}
	return TablesDir + "/" + table + "/data/" + partition + name + ".parquet"
}

// DayPartition returns the folder of a day and a region, as Hive and Iceberg spell it: dt=2026-11-20/region=dhaka.
func DayPartition(dt, region string) string { return "dt=" + dt + "/region=" + region }
