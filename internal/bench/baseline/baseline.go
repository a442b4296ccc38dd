// Package baseline makes Parquet rows of the synthetic stream's events as others would, to be measured against: with the
// Lambda SDK's event and encoding/json, with typed structs and a fast JSON library, with DuckDB's SQL. Each is written as
// a careful user would write it, and a test holds its rows against ours.
package baseline

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Row is a landed row of the stream's dataset. Texts that repeat are written with a dictionary, the others plain, as ours
// are, because that is what every reader takes.
type Row struct {
	Op     string `parquet:"_op,dict"`
	Shard  string `parquet:"_shard,dict"`
	Seq    string `parquet:"_seq,plain"`
	At     int64  `parquet:"_at,timestamp(microsecond)"`
	Dt     int32  `parquet:"dt,date"`
	Region string `parquet:"region,dict"`

	ID             string            `parquet:"id,optional,plain"`
	ApplicantID    string            `parquet:"applicantId,optional,plain"`
	ApplicantName  string            `parquet:"applicantName,optional,dict"`
	Type           string            `parquet:"type,optional,dict"`
	Reason         string            `parquet:"reason,optional,dict"`
	Status         string            `parquet:"status,optional,dict"`
	District       int32             `parquet:"district,optional,dict"`
	Thana          int32             `parquet:"thana,optional,dict"`
	FromLocation   string            `parquet:"fromLocation,optional,plain"`
	ToLocation     string            `parquet:"toLocation,optional,dict"`
	StartAt        int64             `parquet:"startAt,optional,timestamp(microsecond)"`
	EndAt          int64             `parquet:"endAt,optional,timestamp(microsecond)"`
	CreatedAt      int64             `parquet:"createdAt,optional,timestamp(microsecond)"`
	UpdatedAt      int64             `parquet:"updatedAt,optional,timestamp(microsecond)"`
	DecidedAt      int64             `parquet:"decidedAt,optional,timestamp(microsecond)"`
	DecidedBy      string            `parquet:"decidedBy,optional,dict"`
	IncludeVehicle *bool             `parquet:"includeVehicle,optional"`
	VehicleNo      string            `parquet:"vehicleNo,optional,plain"`
	Fee            *int64            `parquet:"fee,optional,decimal(2:10)"`
	Companions     []string          `parquet:"companions,optional,list"`
	Contacts       map[string]string `parquet:"contacts,optional"`
	Gender         string            `parquet:"gender,optional,dict"`
	Version        int64             `parquet:"version,optional"`

	OldStatus    string   `parquet:"old_status,optional,dict"`
	OldDistrict  int32    `parquet:"old_district,optional,dict"`
	OldFee       *int64   `parquet:"old_fee,optional,decimal(2:10)"`
	OldCreatedAt int64    `parquet:"old_createdAt,optional,timestamp(microsecond)"`
	Changed      []string `parquet:"_changed,optional,list"`
	Extra        string   `parquet:"_extra,optional,plain"`
}

// yes and no are what optional booleans point at.
var yes, no = true, false

func boolean(v bool) *bool {
	if v {
		return &yes
	}
	return &no
}

// Regions tells a row's region.
type Regions map[int32]string

// NewRegions reads the code list of the stream's schema.
func NewRegions() (Regions, error) {
	registry, err := synthetic.Registry()
	if err != nil {
		return nil, err
	}
	d, ok := registry.Dataset(synthetic.Dataset)
	if !ok {
		return nil, fault.New(fault.NotFound, "the stream's schema has no dataset %s", synthetic.Dataset)
	}
	r := Regions{}
	for _, row := range d.Lists["districts"].Rows {
		code, err := strconv.Atoi(row[0])
		if err != nil {
			return nil, err
		}
		r[int32(code)] = row[2]
	}
	return r, nil
}

func (r Regions) of(district int32) string {
	if name, ok := r[district]; ok {
		return name
	}
	return "unknown"
}

// padded is a sequence number as the lake has it.
func padded(seq string) string { return strings.Repeat("0", 40-len(seq)) + seq }

// hundredths reads a decimal of at most two digits after the point.
func hundredths(s string) (int64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 2 {
		return 0, fault.New(fault.Invalid, "%s has more than two digits after the point", s)
	}
	return strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
}

func micros(s string) (int64, error) {
	t, err := time.Parse(time.RFC3339, s)
	return t.UnixMicro(), err
}

var ops = map[string]string{"INSERT": "insert", "MODIFY": "modify", "REMOVE": "remove"}

// finish gives the rows of one record what all of them have: time, region and, where it has moved, the row that leaves.
func finish(rows []Row, row Row, id string, wasIn, isIn string) []Row {
	if row.Op == "modify" && wasIn != isIn {
		rows = append(rows, Row{Op: "leave", Shard: row.Shard, Seq: row.Seq, At: row.At, Dt: row.Dt, Region: wasIn, ID: id})
	}
	if row.Region = isIn; row.Op == "remove" {
		row.Region = wasIn
	}
	slices.Sort(row.Changed)
	return append(rows, row)
}

// Everywhere is the rows' schema with a dictionary for every column.
func Everywhere() *parquet.Schema {
	return parquet.NewSchema("Row", dictionaries{parquet.SchemaOf(Row{})})
}

// dictionaries is a node whose leaves are encoded with dictionaries.
type dictionaries struct{ parquet.Node }

func (d dictionaries) Encoding() encoding.Encoding {
	if !d.Leaf() || d.Type().Kind() == parquet.Boolean {
		return d.Node.Encoding()
	}
	return &parquet.RLEDictionary
}

func (d dictionaries) Fields() []parquet.Field {
	fields := slices.Clone(d.Node.Fields())
	for i, f := range fields {
		fields[i] = dictionaryField{dictionaries{f}, f}
	}
	return fields
}

type dictionaryField struct {
	dictionaries
	field parquet.Field
}

func (f dictionaryField) Name() string                           { return f.field.Name() }
func (f dictionaryField) Value(base reflect.Value) reflect.Value { return f.field.Value(base) }
