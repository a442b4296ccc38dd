package decode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// sound is a good record of things with that sequence number and new image.
func sound(seq int, image string) string {
	return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":%d,"SequenceNumber":"%d","NewImage":%s}}`, 1795132800+seq, seq, image)
}

func event(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

const item = `{"id":{"S":"a"},"n64":{"N":"1"}}`

func mustEvent(tb testing.TB, body string, datasets ...*schemas.Dataset) (decode.Info, *decode.Output) {
	tb.Helper()
	p := mustCompile(tb, datasets...)
	out := p.NewOutput()
	info, err := p.NewDecoder().Event([]byte(body), lane, out)
	if err != nil {
		tb.Fatal(err)
	}
	return info, out
}

func TestBadRecordsArePutAsideWithTheirReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, record, field, reason string
	}{
		{"a number that is none", sound(5, `{"id":{"S":"a"},"n64":{"N":"x"}}`), "n64", "is not a number"},
		{"a fraction", sound(5, `{"id":{"S":"a"},"n64":{"N":"1.5"}}`), "n64", "is not a whole number"},
		{"out of range", sound(5, `{"id":{"S":"a"},"n64":{"N":"1"},"n32":{"N":"2147483648"}}`), "n32", "out of the range"},
		{"too precise", sound(5, `{"id":{"S":"a"},"n64":{"N":"1"},"d9":{"N":"1.234"}}`), "d9", "more digits after the point"},
		{"another type", sound(5, `{"id":{"N":"1"},"n64":{"N":"1"}}`), "id", "it is N, but a string is stored as S"},
		{"no type", sound(5, `{"id":{"Q":"1"}}`), "id", "not one of DynamoDB's types"},
		{"two types", sound(5, `{"id":{"S":"a","N":"1"}}`), "id", "more than one type"},
		{"an attribute twice", sound(5, `{"id":{"S":"a"},"id":{"S":"a"}}`), "id", "twice"},
		{"an unknown attribute twice", sound(5, `{"id":{"S":"a"},"n64":{"N":"1"},"q":{"S":""},"q":{"S":""}}`), "", "twice"},
		{"a member twice", `{"eventName":"INSERT","eventName":"INSERT"}`, "", "twice"},
		{"a lone surrogate", sound(5, `{"id":{"S":"\ud800"},"n64":{"N":"1"}}`), "id", "escape"},
		{"not UTF-8", sound(5, "{\"id\":{\"S\":\"\xff\"},\"n64\":{\"N\":\"1\"}}"), "id", "UTF-8"},
		{"a control character", sound(5, "{\"id\":{\"S\":\"\x01\"},\"n64\":{\"N\":\"1\"}}"), "id", "control"},
		{"no key", sound(5, `{"id":{"S":"a"}}`), "n64", "key attribute is missing"},
		{"null in a list", sound(5, `{"id":{"S":"a"},"n64":{"N":"1"},"tags":{"L":[{"NULL":true}]}}`), "tags", "cannot hold null"},
		{"an empty set", sound(5, `{"id":{"S":"a"},"n64":{"N":"1"},"nums":{"NS":[]}}`), "nums", "empty"},
		{"too deep", sound(5, `{"q":`+strings.Repeat(`{"L":[`, 33)+strings.Repeat(`]}`, 33)+`}`), "q", "32 levels"},
		{"no operation", `{"dynamodb":{"SequenceNumber":"5","ApproximateCreationDateTime":1}}`, "eventName", "has no eventName"},
		{"no image", `{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"5","ApproximateCreationDateTime":1}}`, "NewImage", "has no NewImage"},
		{"a time of no calendar", `{"eventName":"MODIFY","dynamodb":{"ApproximateCreationDateTime":1e300,"SequenceNumber":"5"}}`, "ApproximateCreationDateTime", "beyond"},
		{"junk behind it", sound(5, item) + ` junk`, "", "comma or ]"},
		{"no object", `"text"`, "", "no {"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			info, out := mustEvent(t, event(sound(4, item), c.record, sound(6, item)), things())
			bad := rowsOf(out.Batch(schemas.QuarantineTable))
			if info.Records != 3 || info.Bad != 1 || len(bad) != 1 || out.Batch("things").Rows() != 2 {
				t.Fatalf("got %+v, %v", info, bad)
			}
			got := bad[0]
			if field, _ := got["field"].(string); field != c.field || !strings.Contains(got["reason"].(string), c.reason) {
				t.Errorf("got field %q, reason %q", field, got["reason"])
			}
			if got["payload"] != c.record || got["_shard"] != lane || got["stream"] != "things_v1" || got["dataset"] != "things" {
				t.Errorf("got %v", got)
			}
			if want := strings.Repeat("0", 39) + "5"; got["_seq"] != want {
				t.Errorf("got number %v, want %v", got["_seq"], want)
			}
			if info.First.Short() != "4" || info.Last.Short() != "6" {
				t.Errorf("got %v to %v", info.First, info.Last)
			}
		})
	}
}

func TestBrokenEventsLoseNothing(t *testing.T) {
	t.Parallel()
	good := sound(4, item)
	for _, c := range []struct {
		name, body string
		rows       int
		parked     []string
	}{
		{"cut off", `{"Records":[` + good + `,` + good[:60], 1, []string{good[:60]}},
		{"a string without end", `{"Records":[` + good + `,{"a":"b},` + good + `]}`, 1, []string{`{"a":"b},` + good + `]}`}},
		{"bytes behind it", event(good) + `tail`, 1, []string{`tail`}},
		{"no comma", `{"Records":[` + good + good + `]}`, 0, []string{good + good}},
		{"two arrays", `{"Records":[` + good + `],"Records":[` + good + `]}`, 1, []string{`,"Records":[` + good + `]}`}},
		{"no array", `{"x":1,"Records":` + good + `}`, 0, []string{`,"Records":` + good + `}`}},
		{"other members", `{"window":{"start":"2026"},"Records":[` + good + `],"state":{"a":[1,2.5e3,null,true,false]}}`, 1, nil},
		{"white space", "\n{ \"Records\" : [ " + good + " , " + good + " ] }\t", 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			info, out := mustEvent(t, c.body, things())
			var parked []string
			for _, r := range rowsOf(out.Batch(schemas.QuarantineTable)) {
				parked = append(parked, r["payload"].(string))
			}
			if diff := cmp.Diff(c.parked, parked); diff != "" || out.Batch("things").Rows() != c.rows || info.Bad != len(c.parked) {
				t.Errorf("got %+v, %d rows, %s", info, out.Batch("things").Rows(), diff)
			}
		})
	}
}

func TestNumbersOfUnreadableRecords(t *testing.T) {
	t.Parallel()
	_, out := mustEvent(t, event(`1`, `2`, sound(10, item), `3`, `4`, sound(20, item), `5`), things())
	var got []string
	for _, r := range rowsOf(out.Batch(schemas.QuarantineTable)) {
		got = append(got, r["payload"].(string)+" "+strings.TrimLeft(r["_seq"].(string), "0"))
	}
	if diff := cmp.Diff([]string{"1 8", "2 9", "3 11", "4 12", "5 21"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStreamsWithoutNewImagesAreRefused(t *testing.T) {
	t.Parallel()
	for _, view := range []string{"KEYS_ONLY", "OLD_IMAGE"} {
		t.Run(view, func(t *testing.T) {
			t.Parallel()
			p := mustCompile(t, things())
			body := `{"Records":[{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"1","ApproximateCreationDateTime":1,"Keys":{},"StreamViewType":"` + view + `"}}]}`
			_, err := p.NewDecoder().Event([]byte(body), lane, p.NewOutput())
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "NEW_AND_OLD_IMAGES") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnclaimedRecordsArePutAside(t *testing.T) {
	t.Parallel()
	info, out := mustEvent(t, event(sound(1, `{"id":{"S":"a"},"kind":{"S":"order"}}`), sound(2, `{"id":{"S":"a"},"kind":{"S":"stranger"}}`), sound(3, `{"id":{"S":"b"},"kind":{"N":"7"},"zone":{"N":"-3"}}`)), shared()...)
	bad := rowsOf(out.Batch(schemas.QuarantineTable))
	if info.Bad != 1 || len(bad) != 1 || bad[0]["dataset"] != nil || !strings.Contains(bad[0]["reason"].(string), "no dataset") {
		t.Errorf("got %+v, %v", info, bad)
	}
	if out.Batch("orders").Rows() != 1 || out.Batch("lines").Rows() != 1 {
		t.Error("the others did not find their datasets")
	}
	if got := rowsOf(out.Batch("lines"))[0]; got["region"] != "mid" || got["dt"] != int64(20758) {
		t.Errorf("got region %v, dt %v", got["region"], got["dt"])
	}
}

func TestWhatTheSchemaDoesNotKnowStaysAsItIs(t *testing.T) {
	t.Parallel()
	_, out := mustEvent(t, event(sound(1, `{"zz":{"N":"1.0"},"id":{"S":"a"},"address":{"M":{"b":{"S":"x"},"state":{"S":"ny"}}},"a\u0062":{"M":{"k":{"L":[]}}},"n64":{"N":"1"},"lines":{"L":[{"M":{}},{"M":{"c":{"NULL":true}}}]}}`)), things())
	got := rowsOf(out.Batch("things"))[0]
	want := `{"a\u0062":{"M":{"k":{"L":[]}}},"address.b":{"S":"x"},"lines.1.c":{"NULL":true},"zz":{"N":"1.0"}}`
	if got["_extra"] != want {
		t.Errorf("got %v, want %v", got["_extra"], want)
	}
	if got["region"] != "north" {
		t.Errorf("got region %v, want north", got["region"])
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	noKind := shared()
	noKind[0].Discriminator = nil
	noCodes := things()
	noCodes.Lists = nil
	noKey := things()
	noKey.Key.Sort = "nobody"
	for _, c := range []struct {
		name     string
		datasets []*schemas.Dataset
		key      []byte
	}{
		{"nothing", nil, maskKey},
		{"two streams", append(shared(), things()), maskKey},
		{"no discriminator", noKind, maskKey},
		{"no code list", []*schemas.Dataset{noCodes}, maskKey},
		{"no such key", []*schemas.Dataset{noKey}, maskKey},
		{"no mask key", []*schemas.Dataset{things()}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := decode.Compile(c.datasets, decode.Options{MaskKey: c.key}); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

// TestPagesOfGetRecords reads a page as the API answers it: members in another order, the time as a float, a cursor behind.
func TestPagesOfGetRecords(t *testing.T) {
	t.Parallel()
	page := `{"NextShardIterator":"arn:aws:dynamodb:…|1|AAAA==","Records":[{"awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":1.7951328E9,"Keys":{"id":{"S":"a"},"n64":{"N":"1"}},"NewImage":` +
		item + `,"SequenceNumber":"100000000000000000001","SizeBytes":9,"StreamViewType":"NEW_IMAGE"},"eventID":"c1","eventName":"INSERT","eventSource":"aws:dynamodb","eventVersion":"1.1"}]}`
	info, out := mustEvent(t, page, things())
	if info.Records != 1 || info.Bad != 0 || info.Through.Unix() != 1795132800 || info.Last.Short() != "100000000000000000001" {
		t.Errorf("got %+v", info)
	}
	if rows := rowsOf(out.Batch("things")); len(rows) != 1 || rows[0]["id"] != "a" || rows[0]["_op"] != "insert" {
		t.Errorf("got %v", rows)
	}
}
