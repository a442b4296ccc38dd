package lake

import (
	"encoding/json"
	"fmt"
	"time"
)

// LedgerDir holds the entries of commits whose summary has no room for them, until they are in the ledger's table.
const LedgerDir = "ledger"

// maxSummary is how many bytes of an entry a snapshot's summary holds; every snapshot that is kept is read with every
// look at the table.
const maxSummary = 1 << 10

// Entry is the story of one commit.
type Entry struct {
	Object     string      `json:"object,omitempty"` // where the whole entry is, if this is only its name
	Dataset    string      `json:"dataset,omitempty"`
	Lanes      []LaneEntry `json:"lanes,omitempty"`   // those whose watermark moved, by name
	Holes      []Hole      `json:"holes,omitempty"`   // that the commit passed
	Dropped    *Dropped    `json:"dropped,omitempty"` // by retention
	Retries    int         `json:"retries,omitempty"`
	CompleteTo time.Time   `json:"completeTo,omitzero"` // every open shard is in the table up to here
	Code       string      `json:"code,omitempty"`      // version of the program
	Schema     string      `json:"schema,omitempty"`    // version of the dataset's columns
}

// LaneEntry is what a commit did with one lane. Its counts are of the batches that the commit passed; rows are those of
// the one table.
type LaneEntry struct {
	Lane        string    `json:"lane"`
	First       Seq       `json:"first,omitempty"` // empty: the lane moved without a batch
	Last        Seq       `json:"last,omitempty"`
	To          time.Time `json:"to,omitzero"`
	Records     int       `json:"records,omitempty"`
	Rows        int       `json:"rows,omitempty"`
	Quarantined int       `json:"quarantined,omitempty"`
	Expired     int       `json:"expired,omitempty"`
	Done        bool      `json:"done,omitempty"`
	Ahead       Seq       `json:"ahead,omitempty"`
}

// Dropped is what retention took out of a history: whole partitions.
type Dropped struct {
	Before string `json:"before"` // the history begins with this day now
	Files  int    `json:"files"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	Late   int64  `json:"late,omitempty"` // rows that came after their day had been dropped; current state has taken them in
}

// Mark returns the lane's watermark after the commit.
func (l LaneEntry) Mark() Watermark {
	return Watermark{Seq: l.Last, At: l.To, Done: l.Done, Ahead: l.Ahead}
}

// Summary returns the text that the commit's summary holds. Where that is only the name of an object, the object's bytes
// must be durable before the commit is made.
func (e Entry) Summary(key string) (text string, object []byte, err error) {
	whole, err := json.Marshal(e)
	if err != nil {
		return "", nil, fmt.Errorf("write the entry of a commit: %w", err)
	}
	if len(whole) <= maxSummary {
		return string(whole), nil, nil
	}
	short, err := json.Marshal(Entry{Object: key, Dataset: e.Dataset, CompleteTo: e.CompleteTo})
	return string(short), whole, err
}

// ParseEntry is the inverse of Summary, and reads an object's bytes too.
func ParseEntry(text []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return Entry{}, fmt.Errorf("read the entry of a commit: %w", err)
	}
	return e, nil
}

// EntryKey returns the key of the object that holds the entry of an attempt to commit.
func EntryKey(table, marker string) string { return LedgerDir + "/" + table + "/" + marker + ".json" }
