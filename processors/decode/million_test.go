//go:build integration

package decode_test

import (
	"os"
	"strconv"
	"testing"
)

// TestMillionRandomRecords holds a million records, or as many as TARN_RECORDS says, against the oracle.
func TestMillionRandomRecords(t *testing.T) {
	t.Parallel()
	want := 1_000_000
	if s := os.Getenv("TARN_RECORDS"); s != "" {
		var err error
		if want, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	randomRecords(t, want)
}

func TestEveryDamagedByte(t *testing.T) {
	t.Parallel()
	damage(t, 1)
}
