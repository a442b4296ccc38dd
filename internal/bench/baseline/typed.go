package baseline

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/parquet-go/parquet-go"
)

// Typed is what a careful user writes next: structs of the very attributes, read with goccy/go-json into memory that is
// used again, and one writer that is reset.
type Typed struct {
	Regions
	event  typedEvent
	rows   []Row
	fees   []int64
	writer *parquet.GenericWriter[Row]
	out    bytes.Buffer
}

type (
	typedEvent struct {
		Records []typedRecord `json:"Records"`
	}
	typedRecord struct {
		EventName string `json:"eventName"`
		Change    struct {
			At   int64      `json:"ApproximateCreationDateTime"`
			Keys typedKeys  `json:"Keys"`
			Now  typedImage `json:"NewImage"`
			Was  typedImage `json:"OldImage"`
			Seq  string     `json:"SequenceNumber"`
		} `json:"dynamodb"`
	}
	typedKeys struct {
		ID text `json:"id"`
	}
	text struct {
		S string `json:"S"`
	}
	number struct {
		N string `json:"N"`
	}
	typedImage struct {
		ID             text   `json:"id"`
		ApplicantID    text   `json:"applicantId"`
		ApplicantName  text   `json:"applicantName"`
		Type           text   `json:"type"`
		Reason         text   `json:"reason"`
		Status         text   `json:"status"`
		District       number `json:"district"`
		Thana          number `json:"thana"`
		FromLocation   text   `json:"fromLocation"`
		ToLocation     text   `json:"toLocation"`
		StartAt        text   `json:"startAt"`
		EndAt          text   `json:"endAt"`
		CreatedAt      text   `json:"createdAt"`
		UpdatedAt      text   `json:"updatedAt"`
		DecidedAt      text   `json:"decidedAt"`
		DecidedBy      text   `json:"decidedBy"`
		IncludeVehicle struct {
			V bool `json:"BOOL"`
		} `json:"includeVehicle"`
		VehicleNo  text   `json:"vehicleNo"`
		Fee        number `json:"fee"`
		Companions struct {
			L []text `json:"L"`
		} `json:"companions"`
		Contacts struct {
			M map[string]text `json:"M"`
		} `json:"contacts"`
		Gender  text   `json:"gender"`
		Version number `json:"version"`
	}
)

// Decode reads an event into structs.
func (t *Typed) Decode(body []byte) error {
	clear(t.event.Records) // what an image leaves out must not stay from the last one
	t.event.Records = t.event.Records[:0]
	return json.UnmarshalNoEscape(body, &t.event)
}

// Parquet returns the event's rows as a Parquet file, with snappy. The bytes are the Typed's own until the next call.
func (t *Typed) Parquet(body []byte, lane string) ([]byte, error) {
	if err := t.Decode(body); err != nil {
		return nil, err
	}
	t.rows, t.fees = t.rows[:0], slices.Grow(t.fees[:0], 2*len(t.event.Records)) // rows point at the fees
	for i := range t.event.Records {
		if err := t.add(&t.event.Records[i], lane); err != nil {
			return nil, err
		}
	}
	t.out.Reset()
	if t.writer == nil {
		t.writer = parquet.NewGenericWriter[Row](&t.out, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
	}
	t.writer.Reset(&t.out)
	if _, err := t.writer.Write(t.rows); err != nil {
		return nil, err
	}
	if err := t.writer.Close(); err != nil {
		return nil, err
	}
	return t.out.Bytes(), nil
}

func (t *Typed) add(r *typedRecord, lane string) error {
	now, was := &r.Change.Now, &r.Change.Was
	row := Row{Op: ops[r.EventName], Shard: lane, Seq: padded(r.Change.Seq), At: r.Change.At * 1e6, Dt: int32(r.Change.At / 86400)}
	var p parsing
	row.ID = r.Change.Keys.ID.S
	if row.Op != "remove" {
		t.image(now, &row, &p)
	}
	var wasIn string
	if row.Op != "insert" {
		row.OldStatus, row.OldDistrict, row.OldFee, row.OldCreatedAt = was.Status.S, p.int32(was.District), t.fee(was.Fee, &p), p.time(was.CreatedAt)
		wasIn = t.of(row.OldDistrict)
	}
	if row.Op == "modify" {
		row.Changed = now.differences(was)
	}
	if p.err != nil {
		return fmt.Errorf("record %s: %w", r.Change.Seq, p.err)
	}
	t.rows = finish(t.rows, row, row.ID, wasIn, t.of(row.District))
	return nil
}

func (t *Typed) image(im *typedImage, row *Row, p *parsing) {
	row.ApplicantID, row.ApplicantName, row.Type, row.Reason = im.ApplicantID.S, im.ApplicantName.S, im.Type.S, im.Reason.S
	row.Status, row.Gender, row.District, row.Thana = im.Status.S, im.Gender.S, p.int32(im.District), p.int32(im.Thana)
	row.FromLocation, row.ToLocation, row.DecidedBy, row.VehicleNo = im.FromLocation.S, im.ToLocation.S, im.DecidedBy.S, im.VehicleNo.S
	row.StartAt, row.EndAt, row.DecidedAt = p.time(im.StartAt), p.time(im.EndAt), p.time(im.DecidedAt)
	row.CreatedAt, row.UpdatedAt = p.time(im.CreatedAt), p.time(im.UpdatedAt)
	row.IncludeVehicle = boolean(im.IncludeVehicle.V)
	row.Fee = t.fee(im.Fee, p)
	row.Companions = make([]string, len(im.Companions.L))
	for i, c := range im.Companions.L {
		row.Companions[i] = c.S
	}
	row.Contacts = make(map[string]string, len(im.Contacts.M))
	for name, c := range im.Contacts.M {
		row.Contacts[name] = c.S
	}
	row.Version = p.int(im.Version)
}

func (t *Typed) fee(n number, p *parsing) *int64 {
	v, err := hundredths(n.N)
	p.keep(err)
	t.fees = append(t.fees, v)
	return &t.fees[len(t.fees)-1]
}

// parsing parses values and keeps the first error.
type parsing struct{ reading }

func (p *parsing) int(n number) int64 {
	v, err := strconv.ParseInt(n.N, 10, 64)
	p.keep(err)
	return v
}

func (p *parsing) int32(n number) int32 { return int32(p.int(n)) }

func (p *parsing) time(t text) int64 {
	if t.S == "" {
		return 0
	}
	v, err := micros(t.S)
	p.keep(err)
	return v
}

// differences compares what a record may change and what it may not, attribute by attribute.
func (im *typedImage) differences(was *typedImage) []string {
	names := make([]string, 0, 4)
	note := func(name string, same bool) {
		if !same {
			names = append(names, name)
		}
	}
	for _, c := range [...]struct {
		name string
		a, b string
	}{
		{"id", im.ID.S, was.ID.S}, {"applicantId", im.ApplicantID.S, was.ApplicantID.S}, {"applicantName", im.ApplicantName.S, was.ApplicantName.S},
		{"type", im.Type.S, was.Type.S}, {"reason", im.Reason.S, was.Reason.S}, {"status", im.Status.S, was.Status.S},
		{"district", im.District.N, was.District.N}, {"thana", im.Thana.N, was.Thana.N}, {"fromLocation", im.FromLocation.S, was.FromLocation.S},
		{"toLocation", im.ToLocation.S, was.ToLocation.S}, {"startAt", im.StartAt.S, was.StartAt.S}, {"endAt", im.EndAt.S, was.EndAt.S},
		{"createdAt", im.CreatedAt.S, was.CreatedAt.S}, {"updatedAt", im.UpdatedAt.S, was.UpdatedAt.S}, {"decidedAt", im.DecidedAt.S, was.DecidedAt.S},
		{"decidedBy", im.DecidedBy.S, was.DecidedBy.S}, {"vehicleNo", im.VehicleNo.S, was.VehicleNo.S}, {"fee", im.Fee.N, was.Fee.N},
		{"gender", im.Gender.S, was.Gender.S}, {"version", im.Version.N, was.Version.N},
	} {
		note(c.name, c.a == c.b)
	}
	note("includeVehicle", im.IncludeVehicle == was.IncludeVehicle)
	note("companions", slices.Equal(im.Companions.L, was.Companions.L))
	note("contacts", maps.Equal(im.Contacts.M, was.Contacts.M))
	return names
}
