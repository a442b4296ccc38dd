package verify

import (
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Age is the band of somebody born on a day, at an instant in microseconds.
func Age(born string, bands []int, at int64) string {
	f := schemas.Field{Type: schemas.Day, Privacy: schemas.Privacy{Rule: "band", Bands: bands}}
	return string(appendAge(nil, &f, &attribute{kind: record.S, text: []byte(born)}, at))
}
