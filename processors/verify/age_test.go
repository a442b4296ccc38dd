package verify_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/verify"
)

func TestAges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ born, at, want string }{
		{"2000-05-17", "2018-05-16T23:59:59.999999Z", "<18"},
		{"2000-05-17", "2018-05-17T00:00:00Z", "18-64"},
		{"2000-05-17", "2018-12-01T00:00:00Z", "18-64"},
		{"2000-02-29", "2018-02-28T12:00:00Z", "<18"},
		{"2000-02-29", "2018-03-01T00:00:00Z", "18-64"},
		{"1961-01-01", "2025-12-31T23:59:59Z", "18-64"},
		{"1961-01-01", "2026-01-01T00:00:00Z", "65+"},
		{"1870-01-01", "2026-01-01T00:00:00Z", "65+"},
		{"2026-01-02", "2026-01-01T00:00:00Z", "<18"},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := verify.Age(c.born, []int{18, 65}, at.UnixMicro()); got != c.want {
			t.Errorf("born %s, at %s: got %s, want %s", c.born, c.at, got, c.want)
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	for born, want := range map[string]string{"2026-01-02": "<0", "2026-01-01": "0-17", "2008-01-01": "18+"} {
		if got := verify.Age(born, []int{0, 18}, now); got != want {
			t.Errorf("born %s: got %s, want %s", born, got, want)
		}
	}
}
