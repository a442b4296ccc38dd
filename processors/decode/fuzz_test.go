package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const lane = "label/shard-1"

// pair is a decoder, used again and again, beside the oracle of the same datasets.
type pair struct {
	decoder *decode.Decoder
	out     *decode.Output
	oracle  oracle
	records int // held against the oracle so far
	bad     int
}

func newPair(tb testing.TB, datasets ...*schemas.Dataset) *pair {
	tb.Helper()
	p := mustCompile(tb, datasets...)
	return &pair{decoder: p.NewDecoder(), out: p.NewOutput(), oracle: oracle{datasets}}
}

// check holds what the decoder makes of an event against what the oracle does.
func (p *pair) check(t interface {
	Helper()
	Fatalf(string, ...any)
}, body []byte) {
	t.Helper()
	p.out.Reset()
	before := bytes.Clone(body)
	info, err := p.decoder.Event(body, lane, p.out)
	if !bytes.Equal(before, body) {
		t.Fatalf("the decoder changed its input")
	}
	raw, whole := records(body)
	p.records += len(raw)
	p.bad += info.Bad
	if !whole {
		if err == nil && info.Bad == 0 {
			t.Fatalf("a broken event left nothing in quarantine: %q", body)
		}
		return
	}
	want := map[string][]row{}
	var bad [][]byte
	expired := 0
	for _, r := range raw {
		name, rows, why := p.oracle.rows(r, lane)
		if errors.Is(why, errKeysOnly) {
			return // told from the record as a whole; its own test
		}
		if why != nil {
			bad = append(bad, r)
			continue
		}
		if rows[len(rows)-1]["_op"] == string(record.Expire) {
			expired++
		}
		want[name] = append(want[name], rows...)
	}
	if err != nil {
		if len(bad) == 0 || !fault.Is(err, fault.Invalid) {
			t.Fatalf("refused: %v\n%s", err, body)
		}
		return
	}
	if info.Records != len(raw) || info.Bad != len(bad) || info.Expired != expired {
		t.Fatalf("got %+v of %d records, %d bad, %d expired\n%s\n%v", info, len(raw), len(bad), expired, body, p.reasons())
	}
	for _, r := range p.out.Rows() {
		if r.Dataset == schemas.QuarantineTable {
			p.checkBad(t, r, bad)
			continue
		}
		got := rowsOf(r.Batch)
		for _, g := range got {
			if extra, ok := g["_extra"].(string); ok {
				g["_extra"] = canonical(extra)
			}
		}
		if diff := cmp.Diff(want[r.Dataset], got, equateEmpty); diff != "" {
			t.Fatalf("%s: %s\n%s", r.Dataset, diff, body)
		}
	}
}

var equateEmpty = cmp.FilterValues(func(a, b []row) bool { return len(a) == 0 && len(b) == 0 }, cmp.Comparer(func([]row, []row) bool { return true }))

func (p *pair) checkBad(t interface {
	Helper()
	Fatalf(string, ...any)
}, r decode.Rows, bad [][]byte) {
	t.Helper()
	for i, g := range rowsOf(r.Batch) {
		if got := g["payload"].(string); string(bytes.TrimSpace([]byte(got))) != string(bad[i]) {
			t.Fatalf("bad record %d: got %q, want %q", i, got, bad[i])
		}
		if len(g["_seq"].(string)) != 40 || g["reason"] == "" {
			t.Fatalf("bad record %d: got %v", i, g)
		}
	}
}

func (p *pair) reasons() (all []string) {
	for _, r := range rowsOf(p.out.Batch(schemas.QuarantineTable)) {
		all = append(all, r["reason"].(string))
	}
	return all
}

func FuzzEvent(f *testing.F) {
	for i := range 12 {
		f.Add(drawEvents(true).Example(i))
	}
	f.Add(usualEvent(1))
	f.Add(usualEvent(3))
	f.Add([]byte(`{"Records":[{}]}`))
	f.Add([]byte(`{"Records":[{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"12","ApproximateCreationDateTime":1.7e9,"NewImage":{"id":{"S":"\ud83d\ude00"},"n64":{"N":"1e2"},"x":{"L":[]}},"OldImage":{"id":{"S":"a"},"x":{"NULL":true}}}}, nonsense],"a":1}`))
	one := newPair(f, things())
	many := newPair(f, shared()...)
	f.Fuzz(func(t *testing.T, body []byte) {
		one.check(t, body)
		many.check(t, body)
	})
}

func TestDecoderAgreesWithOracle(t *testing.T) {
	t.Parallel()
	one := newPair(t, things())
	rapid.Check(t, func(t *rapid.T) { one.check(t, drawEvents(false).Draw(t, "event")) })
}

func TestSharedStreamAgreesWithOracle(t *testing.T) {
	t.Parallel()
	many := newPair(t, shared()...)
	rapid.Check(t, func(t *rapid.T) { many.check(t, drawEvents(true).Draw(t, "event")) })
}

// drawEvents draws events whose records are mostly sound.
func drawEvents(shared bool) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		var b bytes.Buffer
		b.WriteString(`{"Records":[`)
		for i := range rapid.IntRange(0, 4).Draw(t, "records") {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(drawRecord(t, shared, i))
		}
		b.WriteString(`]}`)
		if rapid.IntRange(0, 9).Draw(t, "damage") == 0 {
			body := b.Bytes()
			body[rapid.IntRange(0, len(body)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		return b.Bytes()
	})
}

func drawRecord(t *rapid.T, shared bool, i int) string {
	op := rapid.SampledFrom([]string{"INSERT", "MODIFY", "MODIFY", "MODIFY", "REMOVE"}).Draw(t, "op")
	now := drawItem(t, shared)
	was := now.Clone()
	other := drawItem(t, shared)
	for _, name := range other.Names() {
		if rapid.IntRange(0, 3).Draw(t, "differs") == 0 {
			was[name] = other[name]
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "gone") {
		delete(was, rapid.SampledFrom(names(shared)).Draw(t, "name"))
	}
	keys := record.Item{"id": now["id"]}
	if !shared {
		keys["n64"] = now["n64"]
	}
	parts := []string{
		fmt.Sprintf(`"SequenceNumber":"%d"`, 100+i),
		fmt.Sprintf(`"ApproximateCreationDateTime":%s`, rapid.SampledFrom([]string{"1795132800", "1.7951328E9", "1795132800.123456789", "-1", "1e300"}[:rapid.SampledFrom([]int{3, 3, 3, 5}).Draw(t, "odd")]).Draw(t, "at")),
		`"Keys":` + render(t, keys), `"SizeBytes":12`, `"StreamViewType":"NEW_AND_OLD_IMAGES"`,
	}
	if op != "REMOVE" {
		parts = append(parts, `"NewImage":`+render(t, now))
	}
	if op != "INSERT" && rapid.IntRange(0, 3).Draw(t, "old") > 0 {
		parts = append(parts, `"OldImage":`+render(t, was))
	}
	if rapid.Bool().Draw(t, "shuffle") {
		parts = rapid.Permutation(parts).Draw(t, "order")
	}
	outer := []string{`"eventName":"` + op + `"`, `"dynamodb":{` + join(parts) + `}`, `"awsRegion":"eu-west-1"`, `"eventID":"00"`}
	if rapid.IntRange(0, 4).Draw(t, "expired") == 0 {
		outer = append(outer, `"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}`)
	}
	if rapid.Bool().Draw(t, "shuffle outer") {
		outer = rapid.Permutation(outer).Draw(t, "outer order")
	}
	return "{" + join(outer) + "}"
}

func join(parts []string) string {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p...)
	}
	return string(b)
}

// render writes an item in one of several forms that mean the same.
func render(t *rapid.T, item record.Item) string {
	var parts []string
	for _, name := range item.Names() {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(quoted)+":"+string(record.AppendValue(nil, item[name])))
	}
	if rapid.IntRange(0, 3).Draw(t, "reorder") == 0 {
		parts = rapid.Permutation(parts).Draw(t, "attributes")
	}
	text := "{" + join(parts) + "}"
	if rapid.IntRange(0, 5).Draw(t, "space") == 0 {
		v := jsontext.Value(text)
		if v.Indent() == nil {
			text = string(v)
		}
	}
	return text
}
