package config

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// The stores of records.
const (
	Embedded = "embedded"
	DynamoDB = "dynamodb"
)

// Home is where records and the lake are. A data folder belongs to one home.
type Home struct {
	Store      string `json:"store"`
	Endpoint   string `json:"endpoint,omitempty"` // of DynamoDB
	Tables     string `json:"tables,omitempty"`   // Names, as text: what the schemas' tables are called in DynamoDB
	Lake       string `json:"lake,omitempty"`     // s3://bucket[/folder]; empty: the data folder
	LakeURL    string `json:"lakeURL,omitempty"`
	Database   string `json:"database,omitempty"` // of Glue
	CatalogURL string `json:"catalogURL,omitempty"`
}

// IsZero reports whether nothing is said.
func (h Home) IsZero() bool { return h == Home{} }

// Bucket returns the bucket of the lake and the folder in it.
func (h Home) Bucket() (bucket, folder string) {
	bucket, folder, _ = strings.Cut(strings.TrimPrefix(h.Lake, "s3://"), "/")
	return bucket, strings.Trim(folder, "/")
}

// Deployed returns what the schemas' tables are called in DynamoDB.
func (h Home) Deployed() (Names, error) {
	var names Names
	if h.Tables == "" {
		return names, nil
	}
	err := names.UnmarshalText([]byte(h.Tables))
	return names, err
}

var (
	lakeForm     = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?$`)
	databaseForm = regexp.MustCompile(`^[a-z0-9_]{1,255}$`)
)

// Home returns where records and the lake are: where the settings say, and where they say nothing, where they were at
// first. The error is Invalid and names every setting that is wrong.
func (u Up) Home(first Home) (Home, error) {
	h := Home{
		Store: cmp.Or(u.Store, first.Store, Embedded), Endpoint: cmp.Or(u.Endpoint, first.Endpoint), Lake: cmp.Or(strings.TrimSuffix(u.Lake, "/"), first.Lake),
		Tables: cmp.Or(u.Tables.String(), first.Tables), LakeURL: cmp.Or(u.LakeURL, first.LakeURL), CatalogURL: cmp.Or(u.CatalogURL, first.CatalogURL),
	}
	var faults []fault.Field
	refuse := func(setting, message string) { faults = append(faults, fault.Field{Name: setting, Message: message}) }
	if h.Store != Embedded && h.Store != DynamoDB {
		refuse("TARN_STORE", "\""+h.Store+"\" is neither embedded nor dynamodb")
	}
	if u.Endpoint != "" && h.Store != DynamoDB {
		refuse("TARN_DYNAMODB_ENDPOINT", "it is for TARN_STORE=dynamodb (--store dynamodb)")
	}
	if len(u.Tables) > 0 && h.Store != DynamoDB {
		refuse("TARN_TABLES", "it is for TARN_STORE=dynamodb (--store dynamodb)")
	}
	if h.Lake != "" && !lakeForm.MatchString(h.Lake) {
		refuse("TARN_LAKE", "\""+h.Lake+"\" is no bucket: write s3://my-lake or s3://my-lake/folder")
	}
	for _, s := range [...]struct{ name, value string }{{"TARN_S3_ENDPOINT", u.LakeURL}, {"TARN_CATALOG", u.Catalog}, {"TARN_GLUE_ENDPOINT", u.CatalogURL}} {
		if s.value != "" && h.Lake == "" {
			refuse(s.name, "it is for a lake in a bucket, and TARN_LAKE (--lake) names none")
		}
	}
	for _, s := range [...]struct{ name, value string }{{"TARN_DYNAMODB_ENDPOINT", h.Endpoint}, {"TARN_S3_ENDPOINT", h.LakeURL}, {"TARN_GLUE_ENDPOINT", h.CatalogURL}} {
		if at, err := url.Parse(s.value); s.value != "" && (err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https") {
			refuse(s.name, "\""+s.value+"\" is no address: write http://127.0.0.1:8000")
		}
	}
	if h.Lake != "" {
		kind, database, named := strings.Cut(u.Catalog, ":")
		if h.Database = database; !named {
			h.Database = "tarn"
		}
		if u.Catalog == "" {
			h.Database = cmp.Or(first.Database, h.Database)
		}
		if kind != "" && kind != "glue" || !databaseForm.MatchString(h.Database) {
			refuse("TARN_CATALOG", "\""+u.Catalog+"\" is no catalog: write glue, or glue:DATABASE in lower case")
		}
	}
	if err := Refuse(faults); err != nil {
		return Home{}, err
	}
	return h, nil
}
