package rollup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	benchFileRows = 100_000
	benchChanges  = 10_000
	benchCommits  = 20 // that bring them: ten seconds of commits every half second
)

var benchRegions = []string{"barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"}

// BenchmarkRefresh makes the rollups of passes current after 10,000 changes, on a history of a million rows and on one of
// a hundred million, in turns. The files of both histories are one file under many names.
func BenchmarkRefresh(b *testing.B) {
	reg, err := schemas.Load(schemas.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	sizes := []int{10, 1_000}
	var ponds []*benchPond
	for _, files := range sizes {
		ponds = append(ponds, newBenchPond(b, reg, files))
	}
	took, used := make([][]time.Duration, len(ponds)), make([][]time.Duration, len(ponds))
	for b.Loop() {
		for i, p := range ponds {
			p.change()
			began, cpu := time.Now(), computed(b)
			p.refresh("passes")
			took[i], used[i] = append(took[i], time.Since(began)), append(used[i], computed(b)-cpu)
			if _, err := p.rollups["passes"].Merge(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	for i, files := range sizes {
		size := fmt.Sprintf("%dM", files*benchFileRows/1_000_000)
		b.ReportMetric(median(took[i]), "ms/"+size)
		b.ReportMetric(median(used[i]), "cpu-ms/"+size)
	}
	b.ReportMetric(median(used[1])/median(used[0]), "cpu-ratio")
	b.ReportMetric(median(took[1])/median(took[0]), "ratio")
	b.ReportMetric(0, "ns/op")
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}

// computed is the time that this process has computed: unlike the clock, it does not tell of what else the machine does.
func computed(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchPond is a lake with a long history of passes.
type benchPond struct {
	*pond
	rng     *rand.Rand
	d       *schemas.Dataset
	records map[int]image
	next    int
}

func newBenchPond(b *testing.B, reg *schemas.Registry, files int) *benchPond {
	p := &benchPond{pond: newPond(b, reg), rng: rand.New(rand.NewPCG(1, 2)), records: map[int]image{}}
	p.d, _ = reg.Dataset("passes")
	p.history(files)
	return p
}

// history commits the file under that many names, and says that the rollup is current to it.
func (p *benchPond) history(files int) {
	p.Helper()
	h := p.histories["passes"]
	p.commits["passes"]++
	parts := map[string]*columns.Batch{}
	for range benchFileRows {
		c := p.insertPass()
		c.at, c.region = now.Add(-48*time.Hour), "dhaka"
		p.row(p.d, parts, c, c.op, c.region)
	}
	var list []tables.NewFile
	for name, batch := range parts {
		first := p.file(p.d, name, batch)
		for n := range files {
			f := first
			if n > 0 {
				f.URL = p.link(first.URL)
			}
			f.Region = benchRegions[n%len(benchRegions)]
			f.Dt = now.AddDate(0, 0, -1-n/len(benchRegions)).Format(time.DateOnly)
			list = append(list, f)
		}
	}
	snap, err := h.Changes.Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	if _, err := h.Changes.Append(p.Context(), snap, list, tables.Update{Marker: p.id(), Commit: p.commits["passes"]}); err != nil {
		p.Fatal(err)
	}
	r, err := rollup.Open(p.Context(), p.catalog, p.reg.Daily("passes"), p.files, taken{p}, rollup.Options{NewID: p.id})
	if err != nil {
		p.Fatal(err)
	}
	if _, err := r.Refresh(p.Context()); err != nil {
		p.Fatal(err)
	}
}

// taken is a source that calls a rollup current without having counted anything.
type taken struct{ p *benchPond }

func (t taken) Lacking(context.Context, rollup.Question) (rollup.Answer, error) {
	return rollup.Answer{Through: t.p.commits["passes"], Worth: lake.Rollup{Hash: t.p.reg.Daily("passes").Hash}}, nil
}

func (p *benchPond) link(url string) string {
	p.Helper()
	from, err := p.catalog.Path(url)
	if err != nil {
		p.Fatal(err)
	}
	key := lake.DataKey(p.d.ChangesTable(), "linked", p.id())
	to, err := p.catalog.Path(lake.URL(key))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.Link(from, to)
	}
	if err != nil {
		p.Fatal(err)
	}
	return lake.URL(key)
}

// change commits 10,000 changes: 52 of a hundred new passes, 46 decisions, 2 removals.
func (p *benchPond) change() {
	p.Helper()
	for range benchCommits {
		var changes []change
		for range benchChanges / benchCommits {
			changes = append(changes, p.one())
		}
		p.commit("passes", nil, changes...)
	}
}

func (p *benchPond) one() change {
	kind := p.rng.IntN(100)
	n := p.next - 1 - p.rng.IntN(min(p.next, 20_000))
	was := p.records[n]
	if kind < 52 || was == nil {
		return p.insertPass()
	}
	c := p.insertPass()
	delete(p.records, p.next-1)
	c.was, c.region = was, was["~region"].(string)
	c.now = image{}
	for k, v := range was {
		c.now[k] = v
	}
	if c.op = "modify"; kind >= 98 {
		c.op = "remove"
		delete(p.records, n)
		return c
	}
	c.now["status"], c.now["decidedAt"] = "APPROVED", c.at
	p.records[n] = c.now
	return c
}

func (p *benchPond) insertPass() change {
	p.seqs++
	district := p.rng.IntN(64)
	made := now.Add(-time.Duration(p.rng.IntN(86_400)) * time.Second)
	im := image{
		"id": fmt.Sprintf("%032x", p.next), "toLocation": "Somewhere", "district": int64(1001 + district), "thana": int64(10001 + district*9 + p.rng.IntN(9)),
		"startAt": made.Add(2 * time.Hour), "endAt": made.Add(5 * time.Hour), "type": []string{"R", "O"}[p.rng.IntN(2)],
		"reason": []string{"Bank", "Grocery shopping", "Going to work", fmt.Sprint("Other ", p.rng.IntN(50))}[p.rng.IntN(4)], "includeVehicle": p.rng.IntN(4) == 0,
		"applicantId": fmt.Sprintf("%032x", p.rng.IntN(40_000)), "status": "APPLIED", "createdAt": made, "~region": benchRegions[district/8],
	}
	if len(p.records) < 1_000_000 {
		p.records[p.next] = im
	}
	p.next++
	return change{op: "insert", shard: "L/s1", region: im["~region"].(string), seq: p.seqs, at: now, now: im}
}
