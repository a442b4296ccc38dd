package commit_test

import (
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// TestHeartbeatsTellHowFarALaneIs: where nothing else comes, a heartbeat moves the lane on, shows a hole, and takes its
// object out of the landing; histories get no row and no commit.
func TestHeartbeatsTellHowFarALaneIs(t *testing.T) {
	t.Parallel()
	const lane = "label/1"
	w := newWorld(t, scratch(t))
	w.land(t, lane, note{first: 1, last: 2, begin: true}, pass(lane, 1), pass(lane, 2))
	w.commit(t)
	w.land(t, lane, note{first: 9, last: 9, after: 2}, beat(lane, 9))
	report := w.commit(t)
	if report.Objects != 1 || report.Quarantined != 0 || len(w.landing(t)) != 0 {
		t.Errorf("got %+v, and %v is left", report, w.landing(t))
	}
	for _, table := range []string{"passes_changes", "applicants_changes"} { // the report says the same of both
		if to, open := report.Marks[table].Beyond(report.Marks["heartbeats"], "moves").CompleteTo(); !open || !to.Equal(at(9)) {
			t.Errorf("%s is reported complete to %v, %v; want %v", table, to, open, at(9))
		}
	}
	history, beats := w.snapshot(t, "passes_changes"), w.snapshot(t, "heartbeats")
	if history.Commit != 1 || history.Rows != 2 || beats.Rows != 1 {
		t.Errorf("the history is at commit %d with %d rows, %d heartbeats", history.Commit, history.Rows, beats.Rows)
	}
	for _, marks := range []lake.Watermarks{history.Watermarks, w.snapshot(t, "applicants_changes").Watermarks} {
		if to, open := marks.Beyond(beats.Watermarks, "moves").CompleteTo(); !open || !to.Equal(at(9)) {
			t.Errorf("complete to %v, %v; want %v", to, open, at(9))
		}
	}

	// What comes again, or behind a hole, is judged by where the heartbeat was.
	w.land(t, lane, note{first: 9, last: 9, after: 2}, beat(lane, 9))
	w.land(t, lane, note{first: 20, last: 20, after: 15}, pass(lane, 20))
	report = w.commit(t)
	if len(report.Holes) != 1 || report.Holes[0].After != seq(9) || report.Holes[0].Last != seq(15) || w.snapshot(t, "heartbeats").Rows != 1 {
		t.Errorf("got %+v, and %d heartbeats", report, w.snapshot(t, "heartbeats").Rows)
	}
	if m := w.snapshot(t, "passes_changes").Watermarks[lane]; m.Seq != seq(20) {
		t.Errorf("got %v", m)
	}
}
