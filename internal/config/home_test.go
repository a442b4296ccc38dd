package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
)

func TestHomes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		up   config.Up
		want config.Home
	}{
		{"nothing said", config.Up{}, config.Home{Store: "embedded"}},
		{"embedded", config.Up{Store: "embedded"}, config.Home{Store: "embedded"}},
		{"AWS", config.Up{Store: "dynamodb", Lake: "s3://my-lake"}, config.Home{Store: "dynamodb", Lake: "s3://my-lake", Database: "tarn"}},
		{"a folder in a bucket", config.Up{Lake: "s3://my-lake/a/b/", Catalog: "glue:other"}, config.Home{Store: "embedded", Lake: "s3://my-lake/a/b", Database: "other"}},
		{"stand-ins", config.Up{Store: "dynamodb", Endpoint: "http://127.0.0.1:8000", Lake: "s3://lake", LakeURL: "http://127.0.0.1:1", Catalog: "glue", CatalogURL: "https://x"},
			config.Home{Store: "dynamodb", Endpoint: "http://127.0.0.1:8000", Lake: "s3://lake", LakeURL: "http://127.0.0.1:1", Database: "tarn", CatalogURL: "https://x"}},
	} {
		got, err := c.up.Home(config.Home{})
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
	first := config.Home{Store: "dynamodb", Endpoint: "http://old", Tables: "a=x", Lake: "s3://my-lake", LakeURL: "http://old", Database: "d", CatalogURL: "http://old"}
	for _, c := range []struct {
		name string
		up   config.Up
		want config.Home
	}{
		{"nothing said", config.Up{}, first},
		{"stand-ins moved", config.Up{Endpoint: "http://a", LakeURL: "http://b", CatalogURL: "http://c"},
			config.Home{Store: "dynamodb", Endpoint: "http://a", Tables: "a=x", Lake: "s3://my-lake", LakeURL: "http://b", Database: "d", CatalogURL: "http://c"}},
		{"other tables", config.Up{Tables: config.Names{"b": "z", "a": "y"}}, config.Home{Store: "dynamodb", Endpoint: "http://old", Tables: "a=y,b=z", Lake: "s3://my-lake", LakeURL: "http://old",
			Database: "d", CatalogURL: "http://old"}},
		{"another database", config.Up{Catalog: "glue:e"}, config.Home{Store: "dynamodb", Endpoint: "http://old", Tables: "a=x", Lake: "s3://my-lake", LakeURL: "http://old", Database: "e", CatalogURL: "http://old"}},
	} {
		got, err := c.up.Home(first)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("begun, %s: %v %s", c.name, err, diff)
		}
	}
	if bucket, folder := (config.Home{Lake: "s3://my-lake/a/b"}).Bucket(); bucket != "my-lake" || folder != "a/b" {
		t.Errorf("bucket %s, folder %s", bucket, folder)
	}
}

func TestHomesReportEveryFault(t *testing.T) {
	t.Parallel()
	_, err := config.Up{Store: "mongodb", Endpoint: "localhost", Tables: config.Names{"a": "x"}, Lake: "my-lake", LakeURL: "ftp://x", Catalog: "hive"}.Home(config.Home{})
	want := `TARN_STORE: "mongodb" is neither embedded nor dynamodb; TARN_DYNAMODB_ENDPOINT: it is for TARN_STORE=dynamodb (--store dynamodb); ` +
		`TARN_TABLES: it is for TARN_STORE=dynamodb (--store dynamodb); TARN_LAKE: "my-lake" is no bucket: write s3://my-lake or s3://my-lake/folder; TARN_DYNAMODB_ENDPOINT: "localhost" is no address: write http://127.0.0.1:8000; ` +
		`TARN_S3_ENDPOINT: "ftp://x" is no address: write http://127.0.0.1:8000; TARN_CATALOG: "hive" is no catalog: write glue, or glue:DATABASE in lower case`
	if !fault.Is(err, fault.Invalid) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = config.Up{Catalog: "glue", CatalogURL: "http://x"}.Home(config.Home{})
	want = "TARN_CATALOG: it is for a lake in a bucket, and TARN_LAKE (--lake) names none; TARN_GLUE_ENDPOINT: it is for a lake in a bucket, and TARN_LAKE (--lake) names none"
	if !fault.Is(err, fault.Invalid) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
