package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// looked is what a look at suspects has found.
type looked struct {
	held  Held                   // the lake as it was then
	store map[string]record.Item // those that the store has
	lake  map[string]found
	still map[string]Difference // those that were found to differ often enough
}

// withheldChange is a change of a suspect that is held back.
type withheldChange struct {
	Marks
	shard     string
	seq       lake.Seq
	discarded bool
	shown     []Value
}

// note tells apart what is only held back from what is wrong, and counts both.
func (c *comparison) note(ctx context.Context, l looked) error {
	if len(l.still) == 0 {
		return nil
	}
	changes, err := c.withheld(ctx, l)
	if err != nil {
		return fmt.Errorf("read what is held back: %w", err)
	}
	for _, k := range slices.Sorted(maps.Keys(l.still)) {
		diff := l.still[k]
		newest, first := backTo(changes[k], c.marker.item(l.store[k]))
		switch {
		case newest == nil || diff.What == Doubled:
			c.report.note(diff, c.o.Named)
		case first.lets(c.marker, l.lake[k]):
			c.report.hold(Difference{What: newest.what(), Key: k, Shard: newest.shard, Seq: newest.seq.Short()}, c.o.Named)
		default:
			diff := c.instead(first, l.lake[k])
			diff.Key, diff.Record, diff.Held = k, l.still[k].Record, newest.shard+":"+newest.seq.Short()
			c.report.note(diff, c.o.Named)
		}
	}
	return nil
}

// withheld returns the changes of the suspects that are held back, by key.
func (c *comparison) withheld(ctx context.Context, l looked) (map[string][]withheldChange, error) {
	from, ok := l.held.(Withholding)
	if !ok {
		return nil, nil
	}
	wanted := map[string]string{}
	for k := range l.still {
		wanted[c.o.Mark([]byte(k))] = k
	}
	changes := map[string][]withheldChange{}
	err := from.Withheld(ctx, func(w Withheld) error {
		known := withheldChange{Marks: w.Marks, shard: w.Shard, seq: w.Seq, discarded: w.Payload == nil}
		if w.Payload != nil {
			known.Marks, known.shown, ok = c.marker.Of(w.Shard, w.Payload)
		}
		if k, ours := wanted[known.Key]; ours && known.Key != "" {
			changes[k] = append(changes[k], known)
		}
		return nil
	})
	return changes, err
}

// backTo returns the change that left the record as the store has it, and the first of those that led to it from a
// record that was not held back; nil where there is none.
func backTo(changes []withheldChange, now string) (newest, first *withheldChange) {
	before := func(mark string, than lake.Seq) (at *withheldChange) {
		for i := range changes {
			w := &changes[i]
			if w.Now == mark && (than == "" || w.seq < than) && (at == nil || w.seq > at.seq) {
				at = w
			}
		}
		return at
	}
	newest = before(now, "")
	for first = newest; first != nil && first.Was != "" && first.Was != nothing; {
		w := before(first.Was, first.seq)
		if w == nil {
			break
		}
		first = w
	}
	return newest, first
}

// what says where the change is.
func (w *withheldChange) what() string {
	if w.discarded {
		return Discarded
	}
	return Quarantined
}

// lets reports whether a record of the lake is what was there before the change, as far as that is known: a receipt's mark
// says nothing of fields that were declared, or are stored in another way, since.
func (w *withheldChange) lets(m *Marker, f found) bool {
	switch {
	case w.Was == "":
		return true
	case w.Was == nothing || w.Row == nothing:
		return f.rows == 0
	case f.rows == 0:
		return false
	}
	if w.Form != m.form {
		return true
	}
	own := len(m.reader.fields)
	return w.Row == m.keyed(rowOf(f.values[:own])) && (w.shown == nil || slices.Equal(m.reader.births.asOf(w.shown, f.values), f.values))
}

// rowOf returns the canonical text of a row.
func rowOf(values []Value) (b []byte) {
	for i, v := range values {
		if i > 0 {
			b = append(b, fieldMark)
		}
		if v.Set {
			b = append(b, v.Text...)
		} else {
			b = append(b, nullText...)
		}
	}
	return b
}

// instead says how the lake differs from what it has to show before the change.
func (c *comparison) instead(w *withheldChange, f found) Difference {
	if w.shown != nil && f.rows == 1 {
		diff, _ := differ(c.fields, c.reader.births.asOf(w.shown, f.values), f)
		return diff
	}
	switch {
	case f.rows == 0:
		return Difference{What: Missing}
	case w.Was == nothing || w.Row == nothing:
		return Difference{What: Extra}
	}
	return Difference{What: Different}
}
