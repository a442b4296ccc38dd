package synthetic

import "fmt"

// Events is some events of a stream, outside the collector's heap: a program that takes them has nothing but its own work
// on its heap. A heap full of events would make the collections of whoever litters most the rarest.
type Events struct {
	Bodies [][]byte
	memory []byte
}

// NewEvents makes events of so many records each, from where the stream has run for skip records and found its mix of
// changes. Close gives their memory back.
func NewEvents(o Options, skip, events, records int) (*Events, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	s.Event(nil, skip)
	var all []byte
	ends := make([]int, 0, events)
	for range events {
		all = s.Event(all, records)
		ends = append(ends, len(all))
	}
	e := &Events{}
	if e.memory, err = reserve(len(all)); err != nil {
		return nil, fmt.Errorf("reserve %d bytes for events: %w", len(all), err)
	}
	copy(e.memory, all)
	from := 0
	for _, to := range ends {
		e.Bodies = append(e.Bodies, e.memory[from:to:to])
		from = to
	}
	return e, nil
}

// Close gives the memory back; no event may be used any more.
func (e *Events) Close() {
	release(e.memory)
	e.Bodies, e.memory = nil, nil
}
