package fast

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/land"
)

// commit measures landed objects of 1,000 rows becoming table files, in children.
func (b *bench) commit(ctx context.Context) error {
	landed := filepath.Join(b.root, "landed")
	if err := b.land(ctx, landed); err != nil {
		return err
	}
	defer os.RemoveAll(landed)
	var rate, memory series
	for range b.Rounds {
		root := filepath.Join(b.root, "committed")
		if err := link(landed, root); err != nil {
			return err
		}
		m, err := b.child(ctx, "commit", root)
		if err == nil && m.Rows < int64(b.Committed) {
			err = fmt.Errorf("%d rows were committed of %d", m.Rows, b.Committed)
		}
		if err = clean(err, root); err != nil {
			return err
		}
		rate, memory = append(rate, float64(m.Rows)/m.Seconds/1000), append(memory, float64(m.Peak)/1e6)
	}
	b.figure("landed → committed", fmt.Sprintf("%d rows, one core", b.Committed), "krows/s", rate, nil)
	b.figure("landed → committed", "peak resident, the program's own pages included", "MB", memory, nil)
	b.target(Target{
		What: "landed → committed, rows a second a core", Floor: "400 krows/s", Goal: "600 krows/s", Measured: fmt.Sprintf("%.0f krows/s", rate.median()), Value: rate.median(),
		FloorHolds: rate.median() >= 400, GoalHolds: rate.median() >= 600,
	})
	b.target(Target{What: fmt.Sprintf("the same: memory for %d rows", b.Committed), Floor: "≤ 300 MB", Measured: fmt.Sprintf("%.0f MB", memory.median()), Value: memory.median(), FloorHolds: memory.median() <= 300})
	return nil
}

// clean removes a folder after a round.
func clean(err error, root string) error {
	if gone := os.RemoveAll(root); err == nil {
		return gone
	}
	return err
}

// land fills a folder with landed objects.
func (b *bench) land(ctx context.Context, root string) error {
	files, err := dir.Open(root)
	if err != nil {
		return err
	}
	registry, err := synthetic.Registry()
	if err != nil {
		return err
	}
	lander, err := land.New(files, registry, land.Options{})
	if err != nil {
		return err
	}
	s, err := synthetic.New(synthetic.Options{Seed: 13})
	if err != nil {
		return err
	}
	var body []byte
	after := lake.Seq("")
	for range b.Committed / batch {
		body = s.Event(body[:0], batch)
		l, err := lander.Land(ctx, land.Batch{Stream: synthetic.Source, Lane: lane, After: after, Begin: after == "", Body: body})
		if err != nil {
			return err
		}
		after = l.Last
	}
	return nil
}

// commitLake commits all that has landed in a folder.
func commitLake(ctx context.Context, args []string) (int64, error) {
	s, err := openStore(ctx, args[0])
	if err != nil {
		return 0, err
	}
	report, err := commit.New(s.files, s.catalog, s.registry, commit.Options{}).Commit(ctx)
	return report.Rows(), err
}
