//go:build integration

package endtoend_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	killClients  = 4
	killCheck    = 6 // rounds between two comparisons of everything
	longestStart = 600 * time.Millisecond
	longestWork  = 900 * time.Millisecond
)

// TestKillMinusNine kills the process at random moments, in its start, under writes, in commits and in compactions.
// Whatever was acknowledged must be there afterwards, once, in the state that was acknowledged.
func TestKillMinusNine(t *testing.T) {
	seed := uint64(count(t, "TARN_KILL_SEED", int(time.Now().UnixNano()&0xffffff)+1))
	rounds := count(t, "TARN_KILL_ROUNDS", 12)
	t.Logf("TARN_KILL_SEED=%d", seed)
	k := &killing{t: t, rng: rand.New(rand.NewPCG(seed, 0)), setup: setup{data: filepath.Join(t.TempDir(), "data"), env: []string{"TARN_COMMIT_EVERY=20ms", "TARN_SNAPSHOTS=20", "TARN_LOG_LEVEL=warn"}}}
	for i := range killClients {
		k.clients = append(k.clients, newClient(i+1, seed))
	}
	began := time.Now()
	for round := range rounds {
		k.round(round)
		if t.Failed() {
			break
		}
	}
	k.check()
	k.summary(rounds)
	t.Logf("in %s", time.Since(began).Round(time.Second))
}

func (k *killing) summary(rounds int) {
	writes := 0
	for _, c := range k.clients {
		writes += c.acked
	}
	k.t.Logf("SUMMARY kill -9: %d rounds (%d killed while starting, %d while compacting); %d writes acknowledged, %d lost, %d doubled, %d otherwise wrong",
		rounds, k.starting, k.compacting, writes, k.lost, k.doubled, k.wrong)
}

// killing is one run of rounds on one folder.
type killing struct {
	t       *testing.T
	rng     *rand.Rand
	setup   setup
	clients []*client
	slow    time.Duration // how much longer each life is than on one machine alone

	starting, compacting, lost, doubled, wrong int
}

func (k *killing) round(n int) {
	k.t.Helper()
	if n%killCheck == killCheck-1 {
		k.check()
	}
	p := k.setup.launch(k.t)
	if k.rng.IntN(4) == 0 {
		k.starting++
		k.pause(longestStart + k.slow)
		p.kill()
		return
	}
	p.reachable()
	ctx, stop := context.WithCancel(k.t.Context())
	var all sync.WaitGroup
	for _, c := range k.clients {
		all.Go(func() { k.run(ctx, c, p) })
	}
	if k.rng.IntN(3) == 0 {
		k.compacting++
		all.Go(func() { compactOn(ctx, p) })
	}
	k.pause(longestWork + k.slow)
	p.kill()
	stop()
	all.Wait()
}

// pause waits for a random moment: when the process dies must not depend on what it does.
func (k *killing) pause(longest time.Duration) {
	timer := time.NewTimer(time.Duration(k.rng.Int64N(int64(longest))))
	defer timer.Stop()
	<-timer.C
}

// run lets a client write until the process dies; what dies with it is no error.
func (k *killing) run(ctx context.Context, c *client, p *process) {
	var bad *wrong
	if err := c.work(ctx, p); errors.As(err, &bad) {
		k.t.Errorf("client %d: %v", c.id, bad)
	}
}

// compactOn merges everything again and again until the process is gone.
func compactOn(ctx context.Context, p *process) {
	for ctx.Err() == nil {
		if _, err := p.try(ctx, call{path: "/admin/compact", token: p.token, body: "{}"}); err != nil {
			return
		}
	}
}

// check starts the process once more, settles what is uncertain and compares everything that was acknowledged.
func (k *killing) check() {
	k.t.Helper()
	p := k.setup.start(k.t)
	for _, c := range k.clients {
		if c.settle == nil {
			continue
		}
		if err := c.settle(k.t.Context(), p); err != nil {
			k.t.Errorf("client %d: settle: %v", c.id, err)
		}
	}
	verify(k.t, p.data)
	k.compare("store", storedPasses(p))
	k.compare("lake", lakePasses(p))
	k.history(p)
	k.people(p)
	p.kill()
}
