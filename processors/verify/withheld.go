package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Withholding is a Held that knows which changes of its dataset are held back.
type Withholding interface {
	// Withheld hands over the changes that are in quarantine, and those that were discarded from it, in any order.
	Withheld(ctx context.Context, each func(Withheld) error) error
}

// Withheld is a change that is held back: in quarantine with its payload, or discarded with the marks of its receipt.
type Withheld struct {
	Shard   string // or the lane, of what did not come by a stream
	Seq     lake.Seq
	Payload []byte // as it was set aside; nil: discarded
	Marks   Marks  // of a discarded change
}

// Marks are keyed hashes of what a change did to a record: enough to know the record again, and nothing that it says.
type Marks struct {
	Key  string `json:"key,omitempty"`  // of the record's key
	Now  string `json:"now,omitempty"`  // of the record as the change left it
	Was  string `json:"was,omitempty"`  // of the record before; empty: the change does not say it
	Row  string `json:"row,omitempty"`  // of what the lake shows of the record before
	Form string `json:"form,omitempty"` // of the fields that Row is made of
}

// nothing is the mark of a record that is not there.
const nothing = "-"

// Marker makes marks. It is not safe for concurrent use.
type Marker struct {
	reader *reader
	keyed  func(text []byte) string
	form   string
}

// NewMarker returns a marker for changes of a dataset. What it hashes with the key never stands in a mark itself.
func NewMarker(d *schemas.Dataset, mask func(string) string, keyed func(text []byte) string) *Marker {
	m := &Marker{reader: newReader(d, mask), keyed: keyed}
	var form strings.Builder
	for _, f := range m.reader.fields {
		fmt.Fprintf(&form, "%s %s %d %s %d\n", f.Name, f.Type, f.Scale, f.Privacy.Rule, f.Privacy.Length)
	}
	m.form = keyed([]byte(form.String()))
	return m
}

// Of returns the marks of a change that was set aside, and what the lake has to show of its record as long as it is:
// nil where that is nothing or not known. False: the payload does not say which record it is of.
func (m *Marker) Of(shard string, payload []byte) (Marks, []Value, bool) {
	if !lake.IsShard(shard) {
		key, now, ok := m.image(payload, nil)
		return Marks{Key: key, Now: now}, nil, ok
	}
	all, err := parsePage(append(append([]byte(`{"Records":[`), payload...), "]}"...))
	if err != nil || len(all) != 1 {
		return Marks{}, nil, false
	}
	return m.event(&all[0])
}

func (m *Marker) event(e *event) (marks Marks, shown []Value, ok bool) {
	if e.was != nil {
		marks.Form = m.form
		marks.Key, marks.Was, ok = m.image(e.was, func(ours bool) {
			if marks.Row = nothing; ours {
				marks.Row, shown = m.keyed(m.reader.row()), m.reader.values()
			}
		})
	} else if e.op == record.Insert {
		marks.Was = nothing
	}
	switch {
	case e.op.Gone():
		marks.Now = nothing
	case e.now != nil:
		marks.Key, marks.Now, ok = m.image(e.now, nil)
	default:
		return Marks{}, nil, false
	}
	if marks.Key == "" && e.keys != nil {
		marks.Key, _, ok = m.image(e.keys, nil)
	}
	return marks, shown, ok
}

// image reads a record, shows it to seen, and returns the marks of its key and of all of it.
func (m *Marker) image(text []byte, seen func(ours bool)) (key, whole string, ok bool) {
	item, err := record.ParseItem(text)
	if err != nil {
		return "", "", false
	}
	ours := m.reader.item(item)
	if seen != nil {
		seen(ours)
	}
	return m.keyed(m.reader.appendKey(nil)), m.item(item), true
}

// item returns the mark of a record of the store.
func (m *Marker) item(item record.Item) string {
	if item == nil {
		return nothing
	}
	return m.keyed(record.AppendItem(nil, item))
}
