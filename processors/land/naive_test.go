package land_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/parquet-go/parquet-go"
)

// passRow is what a handler that takes the Lambda SDK's event and a Parquet library writes.
type passRow struct {
	Op             string            `parquet:"_op,dict"`
	Shard          string            `parquet:"_shard,dict"`
	Seq            string            `parquet:"_seq"`
	At             time.Time         `parquet:"_at,timestamp(microsecond)"`
	Day            int32             `parquet:"dt,date"`
	Region         string            `parquet:"region,dict"`
	ID             string            `parquet:"id"`
	ApplicantID    *string           `parquet:"applicantId,optional,dict"`
	ApplicantName  *string           `parquet:"applicantName,optional,dict"`
	Type           *string           `parquet:"type,optional,dict"`
	Reason         *string           `parquet:"reason,optional,dict"`
	Status         *string           `parquet:"status,optional,dict"`
	District       *int32            `parquet:"district,optional,dict"`
	Thana          *int32            `parquet:"thana,optional,dict"`
	FromLocation   *string           `parquet:"fromLocation,optional,dict"`
	ToLocation     *string           `parquet:"toLocation,optional,dict"`
	StartAt        *time.Time        `parquet:"startAt,optional,timestamp(microsecond)"`
	EndAt          *time.Time        `parquet:"endAt,optional,timestamp(microsecond)"`
	CreatedAt      *time.Time        `parquet:"createdAt,optional,timestamp(microsecond)"`
	UpdatedAt      *time.Time        `parquet:"updatedAt,optional,timestamp(microsecond)"`
	DecidedAt      *time.Time        `parquet:"decidedAt,optional,timestamp(microsecond)"`
	DecidedBy      *string           `parquet:"decidedBy,optional,dict"`
	IncludeVehicle *bool             `parquet:"includeVehicle,optional"`
	VehicleNo      *string           `parquet:"vehicleNo,optional,dict"`
	Fee            *int64            `parquet:"fee,optional,decimal(2:10),dict"`
	Companions     []string          `parquet:"companions,optional,list,dict"`
	Contacts       map[string]string `parquet:"contacts,optional"`
	Gender         *string           `parquet:"gender,optional,dict"`
	Version        *int64            `parquet:"version,optional,dict"`
	OldStatus      *string           `parquet:"old_status,optional,dict"`
	OldDistrict    *int32            `parquet:"old_district,optional,dict"`
	OldFee         *int64            `parquet:"old_fee,optional,decimal(2:10),dict"`
	OldCreatedAt   *time.Time        `parquet:"old_createdAt,optional,timestamp(microsecond)"`
	Changed        []string          `parquet:"_changed,optional,list,dict"`
	Extra          *string           `parquet:"_extra,optional"`
}

func naiveEvent(body []byte) (*events.DynamoDBEvent, error) {
	var e events.DynamoDBEvent
	return &e, json.Unmarshal(body, &e)
}

// naiveFile writes the rows of an event with a new writer, as every invocation would.
func naiveFile(to io.Writer, e *events.DynamoDBEvent, divisions map[string]string) error {
	rows := make([]passRow, 0, len(e.Records))
	for i := range e.Records {
		rows = append(rows, naiveRow(&e.Records[i], divisions))
	}
	w := parquet.NewGenericWriter[passRow](to, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
	if _, err := w.Write(rows); err != nil {
		return err
	}
	return w.Close()
}

type avs = map[string]events.DynamoDBAttributeValue

func naiveRow(r *events.DynamoDBEventRecord, divisions map[string]string) passRow {
	now, was := r.Change.NewImage, r.Change.OldImage
	at := r.Change.ApproximateCreationDateTime.Time
	row := passRow{
		Op: map[string]string{"INSERT": "insert", "MODIFY": "modify", "REMOVE": "remove"}[r.EventName], Shard: naiveLane,
		Seq: "0000000000000000000"[:40-21] + r.Change.SequenceNumber, At: at, Day: int32(at.Unix() / 86400), Region: "unknown",
		ID: r.Change.Keys["id"].String(),
	}
	if was != nil {
		row.OldStatus, row.OldDistrict = text(was, "status"), whole(was, "district")
		row.OldFee, row.OldCreatedAt = cents(was, "fee"), instant(was, "createdAt")
	}
	place := now
	if now == nil {
		place = was
	}
	if d := whole(place, "district"); d != nil {
		row.Region = divisions[strconv.Itoa(int(*d))]
	}
	if now == nil {
		return row
	}
	row.ApplicantID, row.ApplicantName, row.FromLocation = text(now, "applicantId"), text(now, "applicantName"), text(now, "fromLocation")
	row.ToLocation, row.District, row.Thana = text(now, "toLocation"), whole(now, "district"), whole(now, "thana")
	row.Type, row.Reason, row.Status = text(now, "type"), text(now, "reason"), text(now, "status")
	row.VehicleNo, row.Gender, row.DecidedBy = text(now, "vehicleNo"), text(now, "gender"), text(now, "decidedBy")
	row.StartAt, row.EndAt, row.CreatedAt = instant(now, "startAt"), instant(now, "endAt"), instant(now, "createdAt")
	row.UpdatedAt, row.DecidedAt, row.Fee = instant(now, "updatedAt"), instant(now, "decidedAt"), cents(now, "fee")
	if v, ok := now["includeVehicle"]; ok {
		b := v.Boolean()
		row.IncludeVehicle = &b
	}
	if v, ok := now["companions"]; ok {
		for _, c := range v.List() {
			row.Companions = append(row.Companions, c.String())
		}
	}
	if v, ok := now["contacts"]; ok {
		row.Contacts = map[string]string{}
		for name, a := range v.Map() {
			row.Contacts[name] = a.String()
		}
	}
	if v, ok := now["version"]; ok {
		n, _ := v.Integer()
		row.Version = &n
	}
	if was != nil {
		for name, v := range now {
			if old, ok := was[name]; !ok || !equalValues(v, old) {
				row.Changed = append(row.Changed, name)
			}
		}
	}
	return row
}

const naiveLane = "2026-11-01T00:00:00.000/shardId-00000001"

func equalValues(a, b events.DynamoDBAttributeValue) bool {
	if a.DataType() != b.DataType() {
		return false
	}
	switch a.DataType() {
	case events.DataTypeString:
		return a.String() == b.String()
	case events.DataTypeNumber:
		return a.Number() == b.Number()
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func text(m avs, name string) *string {
	v, ok := m[name]
	if !ok {
		return nil
	}
	s := v.String()
	return &s
}

func whole(m avs, name string) *int32 {
	v, ok := m[name]
	if !ok {
		return nil
	}
	n, _ := v.Integer()
	i := int32(n)
	return &i
}

func cents(m avs, name string) *int64 {
	v, ok := m[name]
	if !ok {
		return nil
	}
	f, _ := v.Float()
	n := int64(f*100 + 0.5)
	return &n
}

func instant(m avs, name string) *time.Time {
	v, ok := m[name]
	if !ok {
		return nil
	}
	t, _ := time.Parse(time.RFC3339, v.String())
	return &t
}
