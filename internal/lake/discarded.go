package lake

import (
	"encoding/json"
	"slices"
)

// Discarded names those of which records left the quarantine for good: their changes are in no history, and a later old
// image may be one that the lake never had.
type Discarded struct {
	Datasets []string `json:"datasets,omitempty"`
	Streams  []string `json:"streams,omitempty"` // of records whose dataset could not be told
}

// With returns d and one record more.
func (d Discarded) With(dataset, stream string) Discarded {
	add := func(names []string, name string) []string {
		if at, found := slices.BinarySearch(names, name); !found {
			return slices.Insert(slices.Clone(names), at, name)
		}
		return names
	}
	if dataset != "" {
		d.Datasets = add(d.Datasets, dataset)
	} else {
		d.Streams = add(d.Streams, stream)
	}
	return d
}

// Touches reports whether a record of the dataset was discarded, or one of its stream that may have been its.
func (d Discarded) Touches(dataset, stream string) bool {
	return slices.Contains(d.Datasets, dataset) || stream != "" && slices.Contains(d.Streams, stream)
}

// String returns the form of the property PropDiscarded.
func (d Discarded) String() string {
	text, err := json.Marshal(d)
	if err != nil {
		panic("two lists of names cannot be written: " + err.Error())
	}
	return string(text)
}

// ParseDiscarded is the inverse of String. What it does not understand names nobody.
func ParseDiscarded(text string) Discarded {
	var d Discarded
	if json.Unmarshal([]byte(text), &d) != nil {
		return Discarded{}
	}
	return d
}
