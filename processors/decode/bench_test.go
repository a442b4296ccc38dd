package decode_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const batch = 1000

// passes returns an event of n changes of passes, both images, as the stream sends them.
func passes(n int, shuffled bool) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
		start := time.Date(2026, 11, 20, r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
		stamp := func(d time.Duration) string { return start.Add(d).Format("2006-01-02T15:04:05.000Z") }
		was := []string{
			`"id":{"S":"` + id + `"}`, `"fromLocation":{"S":"House ` + strconv.Itoa(r.IntN(100)) + `, Road 7"}`, `"toLocation":{"S":"Square Hospital"}`,
			`"district":{"N":"` + strconv.Itoa(1001+r.IntN(75)) + `"}`, `"thana":{"N":"` + strconv.Itoa(10001+r.IntN(626)) + `"}`,
			`"startAt":{"S":"` + stamp(2*time.Hour) + `"}`, `"endAt":{"S":"` + stamp(5*time.Hour) + `"}`, `"type":{"S":"R"}`, `"reason":{"S":"Medical treatment"}`,
			`"includeVehicle":{"BOOL":true}`, `"vehicleNo":{"S":"Dhaka Metro-GA ` + strconv.Itoa(r.IntN(100000)) + `"}`, `"selfDriven":{"BOOL":false}`,
			`"driverName":{"S":"Abdul Karim"}`, `"driverLicenseNo":{"S":"DK` + strconv.Itoa(r.IntN(1e9)) + `"}`, `"applicantId":{"S":"017` + fmt.Sprintf("%08d", r.IntN(1e8)) + `"}`,
			`"status":{"S":"APPLIED"}`, `"createdAt":{"S":"` + stamp(0) + `"}`, `"version":{"N":"1"}`,
		}
		now := append([]string{}, was...)
		now[15], now[17] = `"status":{"S":"APPROVED"}`, `"version":{"N":"2"}`
		now = append(now[:17], `"decidedAt":{"S":"`+stamp(time.Hour)+`"}`, `"decidedBy":{"S":"approver-3"}`, now[17])
		if shuffled {
			r.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
			r.Shuffle(len(was), func(i, j int) { was[i], was[j] = was[j], was[i] })
		}
		fmt.Fprintf(&b, `{"eventID":"%032x","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"ap-south-1","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"id":{"S":"%s"}},"NewImage":{%s},"OldImage":{%s},"SequenceNumber":"%021d","SizeBytes":812,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn:aws:dynamodb:ap-south-1:000000000000:table/movement-pass_passes_v1/stream/2026-11-01T00:00:00.000"}`,
			r.Uint64(), start.Unix(), id, strings.Join(now, ","), strings.Join(was, ","), 100000+i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func passesSchema(tb testing.TB, masked bool) *schemas.Dataset {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	d, ok := registry.Dataset("passes")
	if !ok {
		tb.Fatal("no dataset passes")
	}
	plain := *d
	plain.Fields = append([]schemas.Field{}, d.Fields...)
	for i := range plain.Fields {
		if !masked {
			plain.Fields[i].Privacy = schemas.Privacy{}
		}
	}
	return &plain
}

func decodeAll(tb testing.TB, d *decode.Decoder, out *decode.Output, body []byte) {
	out.Reset()
	info, err := d.Event(body, lane, out)
	if err != nil || info.Bad != 0 {
		tb.Fatalf("got %+v, %v", info, err)
	}
}

func TestDecodingAllocatesNothingPerRecord(t *testing.T) {
	plan := mustCompile(t, passesSchema(t, true))
	d, out, body := plan.NewDecoder(), plan.NewOutput(), passes(batch, false)
	decodeAll(t, d, out, body)
	if got := testing.AllocsPerRun(5, func() { decodeAll(t, d, out, body) }); got > 10 {
		t.Errorf("got %v allocations for a batch of %d, want at most 10", got, batch)
	}
}

func BenchmarkEvent(b *testing.B) {
	for _, c := range []struct {
		name             string
		masked, shuffled bool
	}{{"plain", false, false}, {"masked", true, false}, {"plain-shuffled", false, true}} {
		b.Run(c.name, func(b *testing.B) {
			plan := mustCompile(b, passesSchema(b, c.masked))
			d, out, body := plan.NewDecoder(), plan.NewOutput(), passes(batch, c.shuffled)
			decodeAll(b, d, out, body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			from := processorTime()
			for b.Loop() {
				decodeAll(b, d, out, body)
			}
			b.ReportMetric(float64(processorTime()-from)/float64(b.N*batch), "cpu-ns/record")
		})
	}
}

// processorTime is what the process has used, so that a busy machine does not blur the comparison.
func processorTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkNaive is what a handler does that takes the Lambda SDK's event.
func BenchmarkNaive(b *testing.B) {
	body := passes(batch, false)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	from := processorTime()
	for b.Loop() {
		var e events.DynamoDBEvent
		if err := json.Unmarshal(body, &e); err != nil || len(e.Records) != batch {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime()-from)/float64(b.N*batch), "cpu-ns/record")
}
