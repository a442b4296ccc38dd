package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// TestRandomRecords holds records against the oracle, most of them sound. One decoder reads all of them, so what it learns
// from one must not harm the next.
func TestRandomRecords(t *testing.T) {
	t.Parallel()
	randomRecords(t, 2000)
}

func randomRecords(t *testing.T, want int) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 11))
	one, many := newPair(t, things()), newPair(t, shared()...)
	for one.records+many.records < want {
		p, isShared := one, r.IntN(5) == 0
		if isShared {
			p = many
		}
		g := randomized{r, isShared, p.oracle.datasets[0].Fields}
		p.check(t, g.event())
	}
	bad := one.bad + many.bad
	t.Logf("%d records of one dataset and %d of a shared stream, %d of them bad in both readers", one.records, many.records, bad)
	if bad*20 < want || bad*3 > want {
		t.Errorf("%d of %d records are bad: too few or too many to mean much", bad, want)
	}
}

// randomized draws as drawEvents does, but evenly: rapid prefers what is odd.
type randomized struct {
	*rand.Rand
	shared bool
	fields []schemas.Field
}

func (g randomized) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g randomized, all []T) T { return all[g.IntN(len(all))] }

func (g randomized) event() []byte {
	var all []string
	for i := range 1 + g.IntN(6) {
		all = append(all, g.record(i))
	}
	body := []byte(event(all...))
	if g.oneIn(20) {
		body[g.IntN(len(body))] = byte(g.IntN(256))
	}
	return body
}

func (g randomized) record(i int) string {
	now := g.item()
	was := now.Clone()
	for name, v := range g.item() {
		if g.oneIn(4) {
			was[name] = v
		}
	}
	for name := range was {
		if g.oneIn(10) {
			delete(was, name)
		}
	}
	keys := record.Item{"id": now["id"]}
	if !g.shared {
		keys["n64"] = now["n64"]
	}
	op := pick(g, []string{"INSERT", "MODIFY", "MODIFY", "REMOVE"})
	parts := []string{fmt.Sprintf(`"ApproximateCreationDateTime":%d`, 1795132800+g.IntN(1e6)), `"Keys":` + g.render(keys)}
	if op != "REMOVE" {
		parts = append(parts, `"NewImage":`+g.render(now))
	}
	if op != "INSERT" && !g.oneIn(4) {
		parts = append(parts, `"OldImage":`+g.render(was))
	}
	parts = append(parts, fmt.Sprintf(`"SequenceNumber":"%021d"`, 1000+i), `"SizeBytes":12`, `"StreamViewType":"NEW_AND_OLD_IMAGES"`)
	outer := []string{`"eventID":"00"`, `"eventName":"` + op + `"`}
	if !g.oneIn(4) {
		outer = append(outer, `"eventVersion":"1.1"`, `"eventSource":"aws:dynamodb"`)
	}
	outer = append(outer, `"awsRegion":"eu-west-`+pick(g, []string{"1", "1", "1", "2"})+`"`, `"dynamodb":{`+join(g.mixed(parts))+`}`)
	if !g.oneIn(4) {
		outer = append(outer, `"eventSourceARN":"arn:aws:dynamodb:`+pick(g, []string{"1", "1", "1", "2"})+`"`)
	}
	if g.oneIn(4) {
		outer = append(outer, `"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}`)
	}
	return "{" + join(g.mixed(outer)) + "}"
}

// mixed changes the order now and then.
func (g randomized) mixed(parts []string) []string {
	if g.oneIn(5) {
		g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	}
	return parts
}

func (g randomized) render(item record.Item) string {
	var parts []string
	for _, name := range item.Names() {
		quoted, _ := json.Marshal(name)
		parts = append(parts, string(quoted)+":"+string(record.AppendValue(nil, item[name])))
	}
	text := "{" + join(g.mixed(parts)) + "}"
	if g.oneIn(12) {
		if v := jsontext.Value(text); v.Indent() == nil {
			text = string(v)
		}
	}
	return text
}

func (g randomized) item() record.Item {
	item := record.Item{}
	for i := range g.fields {
		if !g.oneIn(6) {
			item[g.fields[i].Name] = g.value(&g.fields[i])
		}
	}
	item["id"] = record.String(pick(g, sample[schemas.String]))
	if item["n64"] = record.Number(pick(g, []string{"1", "-20", "1234567890"})); g.shared {
		delete(item, "n64")
		item["kind"] = pick(g, []record.Value{record.String("order"), record.String("line"), record.Number("7")})
	}
	if g.oneIn(4) {
		item[pick(g, []string{"other", "zz", "a", "Ω\t"})] = record.Value{Kind: record.L, List: []record.Value{record.Number("1"), g.text()}}
	}
	return item
}

func (g randomized) text() record.Value {
	b := bytes.Repeat([]byte(pick(g, sample[schemas.String])), g.IntN(3))
	return record.String(string(b) + pick(g, sample[schemas.String]))
}

// value draws a value that fits the field, but for one in some hundred.
func (g randomized) value(f *schemas.Field) record.Value {
	switch {
	case g.oneIn(400):
		return pick(g, []record.Value{record.Number(pick(g, wrong)), record.String(pick(g, wrong)), record.Bool(true)})
	case g.oneIn(60) && f.Name != "":
		return record.Null()
	}
	v := record.Value{Kind: record.L}
	switch f.Type {
	case schemas.Int32:
		return record.Number(fmt.Sprint(int32(g.Uint64() >> g.IntN(64))))
	case schemas.Int64:
		return record.Number(fmt.Sprint(int64(g.Uint64()) >> g.IntN(64)))
	case schemas.Decimal:
		return record.Number(pick(g, []string{"0", "12.34", "-0.01", "999", "120.5", "9.99", "0.10", "7"}))
	case schemas.Timestamp:
		if f.Format != "" {
			return record.Number(fmt.Sprint(g.IntN(2e9)))
		}
		return record.String(pick(g, sample[f.Type]))
	case schemas.Boolean:
		return record.Bool(g.oneIn(2))
	case schemas.Binary:
		return record.Value{Kind: record.B, Bytes: []byte(pick(g, sample[schemas.String]))}
	case schemas.List:
		for range g.IntN(4) {
			v.List = append(v.List, g.value(f.Elem))
		}
	case schemas.Set:
		v = record.Value{Kind: record.NS, Set: []string{"1", "30", "-4", "7"}[g.IntN(3):]}
	case schemas.Map:
		v = record.Value{Kind: record.M, Map: record.Item{}}
		for range g.IntN(4) {
			v.Map[pick(g, []string{"k", "l", "ü\"", "a longer name"})] = g.value(f.Elem)
		}
	case schemas.Object:
		v = record.Value{Kind: record.M, Map: record.Item{}}
		for i := range f.Fields {
			if !g.oneIn(4) {
				v.Map[f.Fields[i].Name] = g.value(&f.Fields[i])
			}
		}
	case schemas.Day, schemas.Enum:
		return record.String(pick(g, sample[f.Type]))
	default:
		return g.text()
	}
	return v
}
