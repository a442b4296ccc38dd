package stream_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/stream"
)

func TestCompleteIsTheSlowestLane(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	p := stream.NewProgress()
	check := func(step string, want time.Time) {
		t.Helper()
		if got := p.Complete(); !got.Equal(want) {
			t.Errorf("%s: complete to %v, want %v", step, got.Unix(), want.Unix())
		}
	}
	p.Open("a", "", time.Time{})
	p.Open("b", "", at(50))
	check("a lane of which nothing is known", time.Time{})
	p.Landed("a", "", at(100))
	check("an empty lane read empty", at(50))
	p.Landed("b", pad(5), at(110))
	check("landed, not passed", at(50))
	p.Passed("b", pad(4))
	check("passed in part", at(50))
	p.Passed("b", pad(5))
	check("passed", at(100))
	p.Landed("a", pad(1), at(120))
	p.Landed("a", pad(1), at(130))
	p.Landed("b", pad(5), at(140))
	check("an idle lane goes on, the other waits", at(100))
	if p.Idle() {
		t.Error("idle with a batch that nobody has passed")
	}
	p.Passed("a", pad(1))
	check("the newest reading counts", at(130))
	if !p.Idle() {
		t.Error("not idle with everything passed")
	}
	p.Close("a")
	check("a closed lane holds nothing up", at(140))
}

func TestALaneGoesOnFromItsPosition(t *testing.T) {
	t.Parallel()
	p := stream.NewProgress()
	p.Open("a", pad(9), time.Unix(10, 0))
	p.Landed("a", pad(9), time.Unix(20, 0))
	if got := p.Complete(); got.Unix() != 20 {
		t.Errorf("complete to %d, want 20: nothing is left to pass", got.Unix())
	}
}
