//go:build integration

package endtoend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashPoints are the durable steps of the binary, before each of which it may kill itself: what stands before one stands
// after the one before it.
var crashPoints = []string{
	"feed.read", "file.put", "file.get", "file.list", "file.delete", "file.open",
	"disk.write", "disk.sync", "disk.rename", "disk.sync folder", "disk.read", "disk.list", "disk.delete",
	"table.open", "table.create", "table.sync", "table.publish", "table.sync folder", "table.answer", "table.remove", "table.list",
}

// TestCrashPoints lets the binary kill itself at each of its durable steps in turn, under writes and compaction, and holds
// the folder to what was acknowledged, as TestKillMinusNine does for random moments.
func TestCrashPoints(t *testing.T) {
	seed := uint64(count(t, "TARN_KILL_SEED", int(time.Now().UnixNano()&0xffffff)+1))
	rounds := count(t, "TARN_CRASH_POINTS", len(crashPoints))
	t.Logf("TARN_KILL_SEED=%d", seed)
	k := &killing{t: t, rng: rand.New(rand.NewPCG(seed, 1)), setup: setup{data: filepath.Join(t.TempDir(), "data"), env: []string{"TARN_COMMIT_EVERY=20ms", "TARN_SNAPSHOTS=20", "TARN_LOG_LEVEL=error"}}}
	for i := range killClients {
		k.clients = append(k.clients, newClient(i+1, seed))
	}
	began, reached := time.Now(), 0
	for round := range rounds {
		if round%killCheck == killCheck-1 {
			k.check()
		}
		if k.crash(crashPoints[round%len(crashPoints)]) {
			reached++
		}
		if t.Failed() {
			break
		}
	}
	k.check()
	writes := 0
	for _, c := range k.clients {
		writes += c.acked
	}
	if reached < rounds/2 {
		t.Errorf("only %d of %d crash points were reached", reached, rounds)
	}
	t.Logf("SUMMARY crash points: %d rounds in %s, %d died at their point; %d writes acknowledged, %d lost, %d doubled, %d otherwise wrong; seed %d",
		rounds, time.Since(began).Round(time.Second), reached, writes, k.lost, k.doubled, k.wrong, seed)
}

// crash runs the process with a plan that kills it at one step, and reports whether it came to that.
func (k *killing) crash(step string) bool {
	k.t.Helper()
	plan := filepath.Join(k.t.TempDir(), "plan")
	line := fmt.Sprintf("%s - %d kill\n", strings.ReplaceAll(step, " ", "_"), 1+k.rng.IntN(30))
	if err := os.WriteFile(plan, []byte(line), 0o600); err != nil {
		k.t.Fatal(err)
	}
	s := k.setup
	s.args = append(s.args, "--faults", plan)
	p := s.launch(k.t)
	ctx, stop := context.WithCancel(k.t.Context())
	defer stop()
	if p.await("the process answers", p.said) == nil {
		var all sync.WaitGroup
		for _, c := range k.clients {
			all.Go(func() { k.run(ctx, c, p) })
		}
		all.Go(func() { compactOn(ctx, p) })
		limit := time.NewTimer(5 * time.Second)
		defer limit.Stop()
		select {
		case <-p.ended:
		case <-limit.C: // some steps are rare; then it dies here
		}
		defer all.Wait()
		defer stop()
	}
	died := false
	select {
	case <-p.ended:
		died = true
	default:
	}
	p.kill()
	return died
}
