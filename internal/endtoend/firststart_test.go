//go:build integration

package endtoend_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// TestKillInFirstStart kills processes while they make a new folder. The next start must find something it can use.
func TestKillInFirstStart(t *testing.T) {
	seed := uint64(count(t, "TARN_KILL_SEED", int(time.Now().UnixNano()&0xffffff)+1))
	t.Logf("TARN_KILL_SEED=%d", seed)
	k := &killing{t: t, rng: rand.New(rand.NewPCG(seed, 1))}
	for range count(t, "TARN_KILL_FOLDERS", 6) {
		data := filepath.Join(t.TempDir(), "data")
		p := setup{data: data}.launch(t)
		k.pause(longestStart)
		p.kill()
		p = start(t, data)
		p.apply(p.register(1), 1, "the first")
		verify(t, data)
		p.kill()
	}
}
