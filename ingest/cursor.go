package ingest

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// maxCursor is how long a cursor may be: four keys of the store's longest, in JSON and base64.
const maxCursor = 16 << 10

// cursor is where a page ended. Its text says which listing it belongs to, so that it cannot go on with another.
type cursor struct {
	dataset, index, partition string
	descending                bool
}

func (c cursor) encode(last record.Item) string {
	order := "a"
	if c.descending {
		order = "d"
	}
	raw := record.AppendItem(nil, record.Item{
		"d": record.String(c.dataset), "i": record.String(c.index), "p": record.String(c.partition),
		"o": record.String(order), "k": {Kind: record.M, Map: last},
	})
	return base64.RawURLEncoding.EncodeToString(raw)
}

// decode returns where the text says that a page ended, which must be a key of the table and the index; nil for an
// empty text. Anything but a cursor of this listing is Invalid.
func (c cursor) decode(text string, keys []TableKey) (record.Item, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no cursor: from the start
	}
	bad := fault.WithFields("the cursor is not valid", []fault.Field{{Name: "cursor", Message: "is not a cursor of this listing; leave it out to begin again"}})
	if len(text) > maxCursor {
		return nil, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, bad
	}
	item, err := record.ParseItem(raw)
	if err != nil {
		return nil, bad
	}
	last := item["k"].Map
	if c.encode(last) != text || !isKeyOf(last, keys) {
		return nil, bad
	}
	return last, nil
}

// isKeyOf reports whether the item has exactly the attributes of the keys, each of its kind and not empty.
func isKeyOf(item record.Item, keys []TableKey) bool {
	seen := map[string]bool{}
	for _, k := range keys {
		for name, kind := range map[string]record.Kind{k.Partition: k.PartitionKind, k.Sort: k.SortKind} {
			if name == "" {
				continue
			}
			v, ok := item[name]
			if !ok || v.Kind != kind || v.Text == "" && len(v.Bytes) == 0 {
				return false
			}
			seen[name] = true
		}
	}
	return len(seen) == len(item)
}

// keyValue returns a key's value from its text in a path or a query, or why it is none.
func keyValue(kind record.Kind, text string) (v record.Value, why string) {
	switch {
	case text == "":
		return v, "is required"
	case len(text) > maxPartitionBytes || !utf8.ValidString(text):
		return v, "is no text that a key can have"
	case kind == record.N:
		d, err := record.ParseDecimal(text)
		if err != nil {
			return v, "must be a number"
		}
		return record.Number(d.Text()), ""
	case kind == record.B:
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil {
			return v, "must be base64url"
		}
		return record.Value{Kind: record.B, Bytes: raw}, ""
	default:
		return record.String(text), ""
	}
}

// keyText returns the text of a key's value in a path: what keyValue reads.
func keyText(v record.Value) string {
	if v.Kind == record.B {
		return base64.RawURLEncoding.EncodeToString(v.Bytes)
	}
	return v.Text
}
