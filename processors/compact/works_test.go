package compact_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/compact"
)

// TestSweepSparesWhatIsBeingMerged: a merge may take longer than any grace.
func TestSweepSparesWhatIsBeingMerged(t *testing.T) {
	t.Parallel()
	var w compact.Works
	if got := w.Spared(time.Hour); got != time.Hour {
		t.Errorf("nothing is merged: got %v", got)
	}
	first, second := w.Began(t, 5*time.Hour), w.Began(t, time.Minute)
	if got := w.Spared(time.Hour); got < 6*time.Hour {
		t.Errorf("a merge of five hours: got %v", got)
	}
	first()
	if got := w.Spared(time.Hour); got < time.Hour+time.Minute || got > 2*time.Hour {
		t.Errorf("a merge of a minute: got %v", got)
	}
	second()
	if got := w.Spared(time.Hour); got != time.Hour {
		t.Errorf("all is done: got %v", got)
	}
}
