package verify

import (
	"strconv"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Age is the band of somebody born on a day, at an instant in microseconds.
func Age(born string, bands []int, at int64) string {
	f := schemas.Field{Type: schemas.Day, Privacy: schemas.Privacy{Rule: "band", Bands: bands}}
	return string(appendAge(nil, &f, &attribute{kind: record.S, text: []byte(born)}, at))
}

// Reader makes the texts of records, of one after the other.
type Reader struct{ r *reader }

// NewReader returns a reader of a dataset's records.
func NewReader(d *schemas.Dataset, mask func(string) string) *Reader {
	return &Reader{newReader(d, mask)}
}

// Image returns the texts of a record in DynamoDB JSON: its key as the lake and as the store has it, its row and region,
// and whether it is the dataset's; and how many attributes it has.
func (r *Reader) Image(src []byte) (texts []string, attributes int, err error) {
	ours, err := r.r.image(src)
	if err != nil {
		return nil, 0, err
	}
	return r.texts(ours), r.r.attributes, nil
}

// Plain reports whether a record is read the quick way.
func (r *Reader) Plain(src []byte) bool {
	_, plain := r.r.plain.each(src, r.r.slotOf, r.r.slots)
	return plain
}

// Item returns the same texts of an item.
func (r *Reader) Item(item record.Item) (texts []string, attributes int) {
	ours := r.r.item(item)
	return r.texts(ours), r.r.attributes
}

func (r *Reader) texts(ours bool) []string {
	return []string{
		string(r.r.appendKey(nil)), string(r.r.appendStoreKey(nil)), string(r.r.row()), r.r.place.of(r.r.slots), strconv.FormatBool(ours),
	}
}

// Micros returns a time in microseconds as it is read first, and as every form of a time is read.
func Micros(text string) (plain int64, isPlain bool, any int64, isTime bool) {
	plain, isPlain = plainTime([]byte(text))
	t, isTime := instant(text)
	return plain, isPlain, t.UnixMicro(), isTime
}
