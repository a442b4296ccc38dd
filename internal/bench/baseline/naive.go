package baseline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/parquet-go/parquet-go"
)

// Naive is the function that everybody writes first: the Lambda SDK's event by encoding/json, structs, a new writer.
type Naive struct{ Regions }

// Decode reads an event, and does nothing with it.
func (Naive) Decode(body []byte) (events.DynamoDBEvent, error) {
	var e events.DynamoDBEvent
	err := json.Unmarshal(body, &e)
	return e, err
}

// Parquet returns the event's rows as a Parquet file, with snappy.
func (n Naive) Parquet(body []byte, lane string) ([]byte, error) {
	e, err := n.Decode(body)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(e.Records))
	for _, r := range e.Records {
		if rows, err = n.rows(rows, r, lane); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[Row](&out, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
	if _, err := w.Write(rows); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type image map[string]events.DynamoDBAttributeValue

func (n Naive) rows(rows []Row, r events.DynamoDBEventRecord, lane string) ([]Row, error) {
	at := r.Change.ApproximateCreationDateTime.Unix()
	row := Row{Op: ops[r.EventName], Shard: lane, Seq: padded(r.Change.SequenceNumber), At: at * 1e6, Dt: int32(at / 86400)}
	now, was := image(r.Change.NewImage), image(r.Change.OldImage)
	var reader reading
	if now != nil {
		reader.row(now, &row)
	} else {
		row.ID = r.Change.Keys["id"].String()
	}
	var wasIn string
	if was != nil {
		wasIn = n.of(reader.int32(was, "district"))
		row.OldStatus, row.OldDistrict, row.OldFee, row.OldCreatedAt = was["status"].String(), reader.int32(was, "district"), reader.fee(was), reader.time(was, "createdAt")
	}
	if row.Op == "modify" {
		row.Changed = differences(now, was)
	}
	if reader.err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Change.SequenceNumber, reader.err)
	}
	return finish(rows, row, row.ID, wasIn, n.of(row.District)), nil
}

func differences(now, was image) []string {
	names := []string{}
	for name, v := range now {
		if old, ok := was[name]; !ok || !reflect.DeepEqual(v, old) {
			names = append(names, name)
		}
	}
	for name := range was {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

// reading reads values and keeps the first error.
type reading struct{ err error }

func (r *reading) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reading) row(im image, row *Row) {
	row.ID, row.ApplicantID, row.ApplicantName = r.text(im, "id"), r.text(im, "applicantId"), r.text(im, "applicantName")
	row.Type, row.Reason, row.Status, row.Gender = r.text(im, "type"), r.text(im, "reason"), r.text(im, "status"), r.text(im, "gender")
	row.District, row.Thana = r.int32(im, "district"), r.int32(im, "thana")
	row.FromLocation, row.ToLocation = r.text(im, "fromLocation"), r.text(im, "toLocation")
	row.StartAt, row.EndAt = r.time(im, "startAt"), r.time(im, "endAt")
	row.CreatedAt, row.UpdatedAt, row.DecidedAt = r.time(im, "createdAt"), r.time(im, "updatedAt"), r.time(im, "decidedAt")
	row.DecidedBy, row.VehicleNo = r.text(im, "decidedBy"), r.text(im, "vehicleNo")
	if v, ok := im["includeVehicle"]; ok {
		row.IncludeVehicle = boolean(v.Boolean())
	}
	row.Fee = r.fee(im)
	if v, ok := im["companions"]; ok {
		row.Companions = []string{}
		for _, c := range v.List() {
			row.Companions = append(row.Companions, c.String())
		}
	}
	if v, ok := im["contacts"]; ok {
		row.Contacts = map[string]string{}
		for name, c := range v.Map() {
			row.Contacts[name] = c.String()
		}
	}
	version, err := strconv.ParseInt(im["version"].Number(), 10, 64)
	row.Version = version
	r.keep(err)
}

func (r *reading) text(im image, name string) string {
	if v, ok := im[name]; ok {
		return v.String()
	}
	return ""
}

func (r *reading) int32(im image, name string) int32 {
	n, err := strconv.ParseInt(im[name].Number(), 10, 32)
	r.keep(err)
	return int32(n)
}

func (r *reading) time(im image, name string) int64 {
	v, ok := im[name]
	if !ok {
		return 0
	}
	t, err := micros(v.String())
	r.keep(err)
	return t
}

func (r *reading) fee(im image) *int64 {
	v, ok := im["fee"]
	if !ok {
		return nil
	}
	n, err := hundredths(v.Number())
	r.keep(err)
	return &n
}
