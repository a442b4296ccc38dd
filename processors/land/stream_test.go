package land_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// permits is the dataset of the benchmarks: passes with a list, a map, a decimal and texts in Bangla, 23 attributes.
func permits() *schemas.Dataset {
	of := func(name string, t schemas.Type) schemas.Field { return schemas.Field{Name: name, Type: t} }
	companions, answers, fee := of("companions", schemas.List), of("answers", schemas.Map), of("fee", schemas.Decimal)
	companions.Elem, answers.Elem = &schemas.Field{Type: schemas.String}, &schemas.Field{Type: schemas.String}
	fee.Precision, fee.Scale = 10, 2
	return &schemas.Dataset{
		Name: "permits", Stream: "permits_v1", Key: schemas.Key{Partition: "id"},
		Fields: []schemas.Field{
			of("id", schemas.String), of("applicantId", schemas.String), of("applicantName", schemas.String),
			of("fromLocation", schemas.String), of("toLocation", schemas.String), of("district", schemas.Int32),
			of("thana", schemas.Int32), of("type", schemas.String), of("reason", schemas.String), of("status", schemas.String),
			of("includeVehicle", schemas.Boolean), of("vehicleNo", schemas.String), of("driverName", schemas.String),
			of("startAt", schemas.Timestamp), of("endAt", schemas.Timestamp), of("createdAt", schemas.Timestamp),
			of("updatedAt", schemas.Timestamp), of("decidedAt", schemas.Timestamp), of("decidedBy", schemas.String),
			fee, companions, answers, of("version", schemas.Int64),
		},
		Region: schemas.Region{From: "field", Field: "district", Lookup: "districts", Column: "division", Unknown: "unknown"},
		Date:   schemas.Date{From: "change", Grain: "day"},
		Track:  []string{"status", "district", "fee"},
		Lists:  map[string]*schemas.Codes{"districts": districts()},
	}
}

func districts() *schemas.Codes {
	divisions := []string{"dhaka", "chattogram", "sylhet", "khulna", "rajshahi", "barishal", "rangpur", "mymensingh"}
	c := &schemas.Codes{Name: "districts", Columns: []schemas.Column{{Name: "id", Type: schemas.Int32}, {Name: "division", Type: schemas.String}}}
	for i := range 75 {
		c.Rows = append(c.Rows, []string{fmt.Sprint(1001 + i), divisions[i%len(divisions)]})
	}
	return c
}

// masked returns the dataset with four fields masked, as a deployment would have it.
func masked(d *schemas.Dataset) *schemas.Dataset {
	d.Fields = append([]schemas.Field{}, d.Fields...)
	for i := range d.Fields {
		switch d.Fields[i].Name {
		case "applicantId", "applicantName", "vehicleNo", "decidedBy":
			d.Fields[i].Privacy.Rule = "mask"
		}
	}
	return d
}

var (
	people  = []string{"আব্দুল করিম", "রহিমা বেগম", "Nusrat Jahan", "মোঃ হাসান আলী", "Tanvir Ahmed", "শিরিন আক্তার"}
	places  = []string{"Square Hospital, Panthapath", "মিরপুর ১০ নম্বর গোলচত্বর", "Uttara Sector 7", "চট্টগ্রাম বন্দর", "Kamalapur Station"}
	reasons = []string{"Medical treatment", "জরুরি ঔষধ", "Groceries", "Funeral of a relative", "Duty at \\\"Square\\\""}
	types   = []string{"R", "F", "M"}
)

// streamEvent returns an event of n changes of permits: 52 % inserted, 46 % modified, 2 % removed.
func streamEvent(n int, seed uint64, shuffled bool) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
		start := time.Date(2026, 11, 20, 6+i%4, r.IntN(60), r.IntN(60), r.IntN(1000)*1e6, time.UTC)
		was := permit(r, id, start)
		now := append([]string{}, was...)
		op, images := "MODIFY", ""
		image := func(name string, all []string) {
			if shuffled {
				r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			}
			images += `"` + name + `":{` + strings.Join(all, ",") + `},`
		}
		switch dice := r.IntN(100); {
		case dice < 52:
			op = "INSERT"
			image("NewImage", now)
		case dice < 98:
			now[9], now[16] = attribute("status", "S", "APPROVED"), attribute("updatedAt", "S", iso(start.Add(time.Hour)))
			now[len(now)-1] = attribute("version", "N", "2")
			now = append(now, attribute("decidedAt", "S", iso(start.Add(time.Hour))), attribute("decidedBy", "S", fmt.Sprintf("approver-%d", r.IntN(40))))
			image("NewImage", now)
			image("OldImage", was)
		default:
			op = "REMOVE"
			image("OldImage", was)
		}
		fmt.Fprintf(&b, `{"eventID":"%032x","eventName":"%s","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"ap-south-1","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"id":{"S":"%s"}},%s"SequenceNumber":"%021d","SizeBytes":%d,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn:aws:dynamodb:ap-south-1:000000000000:table/permits_v1/stream/2026-11-01T00:00:00.000"}`,
			r.Uint64(), op, start.Unix(), id, images, 100000+i, 700+r.IntN(200))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func iso(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }

func attribute(name, kind, value string) string {
	return `"` + name + `":{"` + kind + `":"` + value + `"}`
}

func permit(r *rand.Rand, id string, start time.Time) []string {
	all := []string{
		attribute("id", "S", id), attribute("applicantId", "S", fmt.Sprintf("017%08d", r.IntN(1e8))),
		attribute("applicantName", "S", people[r.IntN(len(people))]),
		attribute("fromLocation", "S", fmt.Sprintf("House %d, Road %d, Dhanmondi", r.IntN(100), r.IntN(40))),
		attribute("toLocation", "S", places[r.IntN(len(places))]),
		attribute("district", "N", fmt.Sprint(1001+r.IntN(75))), attribute("thana", "N", fmt.Sprint(10001+r.IntN(626))),
		attribute("type", "S", types[r.IntN(len(types))]), attribute("reason", "S", reasons[r.IntN(len(reasons))]),
		attribute("status", "S", "APPLIED"), `"includeVehicle":{"BOOL":true}`,
		attribute("vehicleNo", "S", fmt.Sprintf("Dhaka Metro-GA %d", r.IntN(100000))),
		attribute("driverName", "S", people[r.IntN(len(people))]),
		attribute("startAt", "S", iso(start.Add(2*time.Hour))), attribute("endAt", "S", iso(start.Add(5*time.Hour))),
		attribute("createdAt", "S", iso(start)), attribute("updatedAt", "S", iso(start)),
		attribute("fee", "N", fmt.Sprintf("%d.5", 10*r.IntN(30))),
		`"companions":{"L":[{"S":"` + people[r.IntN(len(people))] + `"},{"S":"` + people[r.IntN(len(people))] + `"}]}`,
		`"answers":{"M":{"fever":{"S":"no"},"contact":{"S":"no"},"mask":{"S":"yes"}}}`,
		attribute("version", "N", "1"),
	}
	return all
}
