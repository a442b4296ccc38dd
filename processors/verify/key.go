package verify

import (
	"encoding/binary"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// appendStoreKey appends the record's key as the store has it: kind, length and text of each of its parts.
func (r *reader) appendStoreKey(b []byte) []byte {
	for _, at := range r.keys {
		a := &r.slots[at]
		text := a.text
		if a.kind == record.B {
			text = a.value().Bytes
		}
		b = append(b, byte(a.kind))
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// parseStoreKey is the inverse of appendStoreKey.
func parseStoreKey(b []byte) (key ingest.Key) {
	for _, to := range []*record.Value{&key.Partition, &key.Sort} {
		if len(b) == 0 {
			break
		}
		n, w := binary.Uvarint(b[1:])
		text := b[1+w : 1+w+int(n)]
		if to.Kind = record.Kind(b[0]); to.Kind == record.B {
			to.Bytes = text
		} else {
			to.Text = string(text)
		}
		b = b[1+w+int(n):]
	}
	return key
}

// LakeKey returns the text of an item's key as the lake has it; the item is DynamoDB JSON and may hold its key only.
func LakeKey(d *schemas.Dataset, mask func(string) string, item []byte) (string, error) {
	r := newReader(d, mask)
	if _, err := r.image(item); err != nil {
		return "", err
	}
	return string(r.appendKey(nil)), nil
}
