package faults_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

var (
	plans  = flag.Int("faults.plans", 60, "random fault plans to run")
	seed   = flag.Uint64("faults.seed", 1, "seed of the first plan")
	replay = flag.String("faults.replay", "", "a file with one printed plan to run instead")
)

// TestRandomPlans lets random things go wrong and holds the lake to a model of it: a map of rows. At every moment no row
// is there that was not landed, and none twice; in the end every row is there, and current state is the table's own.
func TestRandomPlans(t *testing.T) {
	t.Parallel()
	root := scratch(t)
	if *replay != "" {
		text, err := os.ReadFile(*replay)
		if err != nil {
			t.Fatal(err)
		}
		s, err := readScript(string(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := play(root, s); err != nil {
			t.Fatal(err)
		}
		return
	}
	sum, kills, lost, changes := map[string]int{}, 0, 0, 0
	for i := range *plans {
		s := random(*seed + uint64(i))
		told, err := play(filepath.Join(root, fmt.Sprint(i)), s)
		if err != nil {
			s, err = shorter(root, s, err)
			t.Fatalf("%v\nwith this plan, which -faults.replay FILE runs again:\n%s", err, s)
		}
		for what, n := range told.struck {
			sum[what] += n
			if strings.HasSuffix(what, " kill") {
				kills += n
			}
		}
		for what, n := range told.acts {
			sum["do "+what] += n
		}
		lost, changes = lost+told.lost, changes+told.changes
	}
	names := slices.Collect(maps.Keys(sum))
	sort.Slice(names, func(i, j int) bool {
		return sum[names[i]] > sum[names[j]] || sum[names[i]] == sum[names[j]] && names[i] < names[j]
	})
	var what []string
	for _, n := range names {
		what = append(what, fmt.Sprintf("%s %d", n, sum[n]))
	}
	t.Logf("SUMMARY fault plans: %d plans from seed %d, %d changes, %d kills at a step, %d unsynced names taken by power losses, 0 differences; %s",
		*plans, *seed, changes, kills, lost, strings.Join(what, ", "))
}

// told is what a run was like.
type told struct {
	struck, acts  map[string]int
	lost, changes int
}

// play runs a script in a new folder, lets everything that is left land and be committed, and compares.
func play(root string, s script) (told, error) {
	defer os.RemoveAll(root)
	out := told{acts: map[string]int{}}
	w, err := newWorld(root, s.plan)
	if err != nil && !w.dead.Load() && w.in.Total() == 0 {
		return out, err
	}
	r := &run{world: w, src: newSource(s.seed), landed: map[string]bool{}, sure: map[string]bool{}}
	if err != nil {
		if err := r.restart(false); err != nil {
			return out, err
		}
	}
	for i, a := range s.doing {
		out.acts[a.do]++
		if err := r.act(a); err != nil {
			return out, fmt.Errorf("act %d, %s: %w", i+1, a.do, err)
		}
	}
	w.in.Stop()
	out.struck, out.lost, out.changes = w.in.Struck(), r.lost, r.src.count()
	if err := r.restart(false); err != nil {
		return out, err
	}
	if err := r.compare(false); err != nil {
		return out, fmt.Errorf("after the faults: %w", err)
	}
	if err := r.drain(); err != nil {
		return out, err
	}
	return out, r.compare(true)
}

// drain lands and commits all that is left, and compacts, without faults.
func (r *run) drain() error {
	for range r.src.shards { // parents come before their children
		for n := range r.src.shards {
			if err := r.next(n, 1000); err != nil {
				return fmt.Errorf("land what is left: %w", err)
			}
		}
	}
	if err := r.commit(0); err != nil { // now there is a hole wherever something was skipped
		return fmt.Errorf("commit what is left: %w", err)
	}
	for n, s := range r.src.shards {
		for i := 0; len(s.skipped) > 0; i++ {
			if err := r.late(act{a: n, b: i}); err != nil {
				return fmt.Errorf("land what was skipped: %w", err)
			}
		}
	}
	if err := r.commit(0); err != nil {
		return fmt.Errorf("commit what came late: %w", err)
	}
	if err := r.compare(true); err != nil {
		return fmt.Errorf("before the last compaction: %w", err)
	}
	for _, what := range []string{"merge", "base", "merge", "upkeep", "sweep"} {
		if err := r.upkeep(what); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// row is a row of any table as another library reads it.
type row struct {
	Op     string  `parquet:"_op"`
	Shard  string  `parquet:"_shard"`
	Seq    string  `parquet:"_seq"`
	Commit int64   `parquet:"_commit"`
	Dt     int32   `parquet:"dt,date"`
	Region string  `parquet:"region"`
	ID     *string `parquet:"id,optional"`
	N      *int64  `parquet:"n,optional"`
}

func (w *world) read(table string) ([]row, *tables.Snapshot, error) {
	snap, err := w.snapshot(table)
	if err != nil || snap == nil {
		return nil, snap, err
	}
	files, err := snap.Files(context.Background(), tables.Filter{})
	if err != nil {
		return nil, nil, err
	}
	var all []row
	for _, f := range files {
		rows, err := parquet.ReadFile[row](filepath.Join(w.root, strings.TrimPrefix(f.URL, "s3://"+lake.Bucket+"/")))
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", f.URL, err)
		}
		all = append(all, rows...)
	}
	return all, snap, nil
}

func (r row) text(table string) string {
	seq, err := lake.ParseSeq(r.Seq)
	if err != nil {
		return err.Error()
	}
	id, n := "-", "-"
	if r.ID != nil {
		id = *r.ID
	}
	if r.N != nil {
		n = fmt.Sprint(*r.N)
	}
	return strings.Join([]string{table, r.Op, r.Shard, seq.Short(), day(r.Dt), r.Region, id, n}, " ")
}
