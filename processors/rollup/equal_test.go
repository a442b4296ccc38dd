package rollup_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var (
	seedFlag  = flag.Uint64("rollup.seed", 0, "of the first random history; 0: another each time")
	seedsFlag = flag.Int("rollup.seeds", 1, "how many random histories")
)

// Whatever changes come, and whenever rollups and bases are made current and files merged: at every commit the answer
// from the rollup is the answer from the history, row by row.
func TestTheRollupSaysWhatTheHistorySays(t *testing.T) {
	t.Parallel()
	first := *seedFlag
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	passes, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for i := range *seedsFlag {
		seed := first + uint64(i)
		for name, reg := range map[string]*schemas.Registry{"passes": passes, "shop": enginetest.ShopRegistry(t)} {
			t.Run(fmt.Sprintf("%s/seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				w := &world{pond: newPond(t, reg), rng: rand.New(rand.NewPCG(seed, 0)), records: map[string]map[string]image{}}
				w.forgetful, w.hole, w.tight = w.rng.IntN(2) == 0, w.rng.IntN(30), tightness(w.rng.IntN(int(nothingAtAll)))
				w.kept = w.rng.IntN(2) * 10
				w.serve(reg) // some refreshes find more changes than are kept, others fewer
				for n := range 12 {
					w.step(n)
				}
				t.Logf("seed %d: %d answers, %d of them from rollups; old images lost: %v, a hole: %v, changes kept: %d", seed, w.asked, w.rolled, w.forgetful, w.hole < 12, w.kept)
				if least := w.asked / 6; w.rolled < least && !w.forgetful && w.hole >= 12 || w.rolled == 0 {
					t.Errorf("only %d of %d answers came from a rollup", w.rolled, w.asked)
				}
			})
		}
	}
}

// world makes random changes and asks random questions.
type world struct {
	*pond
	rng           *rand.Rand
	records       map[string]map[string]image // by dataset and key; the region is under "~region"
	seq           int
	forgetful     bool // some changes come without their old image
	hole          int  // the step in which some changes are lost; they are repaired three steps later
	lost          map[string][]change
	asked, rolled int
	now           int // the step
}

// torn reports whether a hole is open. A record may then have left a region by a change that is lost, without a mark: who sees
// that region alone finds it there still, and a rollup, which is made of every region's rows, where it went.
func (w *world) torn() bool { return w.hole <= w.now && w.now < w.hole+3 }

func (w *world) step(n int) {
	w.now = n
	for _, d := range w.reg.Datasets() {
		var changes []change
		for range 1 + w.rng.IntN(20) {
			changes = append(changes, w.change(d))
		}
		var said map[string]string
		switch {
		case d.Key.IsZero():
		case n == w.hole:
			changes, said = w.lose(d, changes), map[string]string{"holes": "[]"}
		case n == w.hole+3:
			changes = append(changes, w.lost[d.Name]...)
		}
		w.commit(d.Name, said, changes...)
		w.tidy(d)
	}
	for range 10 {
		w.ask()
	}
}

// lose takes some of the changes away, to bring them down another lane later.
func (w *world) lose(d *schemas.Dataset, changes []change) (left []change) {
	if w.lost == nil {
		w.lost = map[string][]change{}
	}
	for i, c := range changes {
		if c.left != "" || i == 0 || w.rng.IntN(3) > 0 {
			left = append(left, c)
			continue
		}
		c.shard = "repair/1"
		w.lost[d.Name] = append(w.lost[d.Name], c)
	}
	return left
}

// tidy does at random what the node's clocks do.
func (w *world) tidy(d *schemas.Dataset) {
	w.Helper()
	h := w.histories[d.Name]
	if w.rng.IntN(2) == 0 && w.rollups[d.Name] != nil {
		w.refresh(d.Name)
		if _, err := w.rollups[d.Name].Merge(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
	if w.rng.IntN(3) == 0 {
		if _, err := w.compactor.MergeBase(w.Context(), h); err != nil {
			w.Fatal(err)
		}
	}
	if w.rng.IntN(3) == 0 {
		if _, err := w.compactor.Merge(w.Context(), h); err != nil {
			w.Fatal(err)
		}
	}
}

// change makes one change of a record, new or old.
func (w *world) change(d *schemas.Dataset) change {
	w.seq++
	c := change{op: "insert", shard: "L/s1", seq: w.seq, at: now.Add(-time.Duration(w.rng.IntN(3*86400)) * time.Second)}
	if d.Key.IsZero() {
		c.op, c.now, c.region = "snapshot", w.image(d), d.Region.Value
		return c
	}
	if w.records[d.Name] == nil {
		w.records[d.Name] = map[string]image{}
	}
	key := fmt.Sprintf("k%02d", w.rng.IntN(25))
	was := w.records[d.Name][key]
	if was != nil {
		c.op = []string{"modify", "modify", "modify", "remove", "expire"}[w.rng.IntN(5)]
	}
	c.now = w.image(d)
	c.now[d.Key.Partition] = key
	c.now["~region"] = w.region(d)
	c.was = was
	if c.op == "modify" {
		for _, name := range slices.Sorted(maps.Keys(was)) { // most of a record stays as it is
			if w.rng.IntN(3) > 0 {
				c.now[name] = was[name]
			}
		}
		if c.now["~region"] != was["~region"] {
			c.left = was["~region"].(string)
		}
	}
	w.records[d.Name][key] = c.now
	if c.op == "remove" || c.op == "expire" {
		c.now["~region"] = was["~region"]
		delete(w.records[d.Name], key)
	}
	c.region = c.now["~region"].(string)
	w.forget(d, &c)
	return c
}

// forget makes some changes ones whose old image nobody knows.
func (w *world) forget(d *schemas.Dataset, c *change) {
	if c.op == "insert" || c.left != "" || !w.forgetful || w.rng.IntN(25) > 0 {
		return
	}
	c.was = nil
	if c.op == "modify" && w.rng.IntN(2) == 0 {
		c.op = "snapshot"
	}
}

func (w *world) image(d *schemas.Dataset) image {
	im := image{}
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.Privacy.Rule == "drop" {
			continue
		}
		codes := f.Codes
		if len(codes) == 0 {
			codes = []string{"A", "B"}
		}
		if v := draw(w.rng, f, codes); v != nil {
			im[f.Name] = v
		}
	}
	return im
}

func (w *world) region(d *schemas.Dataset) string {
	if w.rng.IntN(3) > 0 {
		return d.Region.Values[0]
	}
	return d.Region.Values[w.rng.IntN(len(d.Region.Values))]
}

// ask asks both services a random question.
func (w *world) ask() {
	w.Helper()
	q, who := w.question()
	w.equal(q, who)
}

// equal asks both services and reports whether the answer came from a rollup.
func (w *world) equal(q plan.Query, who viewer.Viewer) bool {
	w.Helper()
	ctx := viewer.With(w.Context(), who)
	want, wantErr := w.bare.Metric(ctx, q)
	got, gotErr := w.with.Metric(ctx, q)
	if (wantErr == nil) != (gotErr == nil) {
		w.Fatalf("%+v by %v: from the history %v, with rollups %v", q, who.Regions, wantErr, gotErr)
	}
	if wantErr != nil {
		if !fault.Is(wantErr, fault.Invalid) && !fault.Is(wantErr, fault.Denied) && !fault.Is(wantErr, fault.Exceeded) {
			w.Fatalf("%+v: %v", q, wantErr)
		}
		return false
	}
	w.asked++
	rolled := got.Meta.Source == plan.FromRollup
	if rolled {
		w.rolled++
	}
	if a, b := rows(w, got), rows(w, want); a != b && !(w.torn() && who.Regions[0] != viewer.All) {
		w.Fatalf("%+v by %v (%s):\nwith rollups %s\nfrom the history %s\n%s", q, who.Regions, got.Meta.Source, a, b, got.Meta.SQL)
	}
	return rolled
}

func (w *world) question() (plan.Query, viewer.Viewer) {
	var metrics []*schemas.Metric
	var d *schemas.Dataset
	for len(metrics) == 0 {
		d = w.reg.Datasets()[w.rng.IntN(len(w.reg.Datasets()))]
		for i := range d.Metrics {
			if d.Metrics[i].Source != "view" {
				metrics = append(metrics, &d.Metrics[i])
			}
		}
	}
	m := metrics[w.rng.IntN(len(metrics))]
	q := plan.Query{Metric: m.Name, Limit: w.rng.IntN(3) * 4}
	share := 1 + w.rng.IntN(3)
	for _, x := range m.Measures {
		adds := slices.Contains([]string{"count", "sum", "avg", "ratio"}, x.Agg)
		if w.rng.IntN(share+1) == 0 && (adds || w.rng.IntN(12) == 0) {
			q.Measures = append(q.Measures, x.Name)
		}
	}
	for _, dim := range m.Dimensions {
		if len(q.Dimensions) < 2 && w.rng.IntN(4) == 0 {
			q.Dimensions = append(q.Dimensions, dim.Name)
		}
		if w.rng.IntN(10) == 0 {
			values := []string{"", "1", "2", "A", "Bank", "APPLIED", "true"}
			q.Filters = append(q.Filters, schemas.Filter{Dimension: dim.Name, Not: w.rng.IntN(2) == 0, Values: []string{values[w.rng.IntN(len(values))], "0"}})
		}
	}
	if m.Time != "" {
		q.Grain = []string{"", "", "day", "week", "month", "hour"}[w.rng.IntN(6)]
		q.Range = []plan.Range{{}, {Name: "last-7d"}, {Name: "today"}, {From: "2026-11-18", To: "2026-11-20"}, {From: "2026-11-19"}, {To: "2026-11-19"},
			{From: "2026-11-17T18:00:00Z", To: "2026-11-18T18:00:00Z"}, {From: "2026-11-18T05:30:00Z", To: "2026-11-20"}}[w.rng.IntN(8)]
		if w.rng.IntN(4) == 0 && q.Range.From != "" && q.Range.To != "" {
			q.Compare = "previous"
		}
	}
	regions := [][]string{{viewer.All}, {viewer.All}, {d.Region.Values[0]}, d.Region.Values[:min(2, len(d.Region.Values))], {"nowhere"}}
	return q, viewer.Viewer{ID: "v", Regions: regions[w.rng.IntN(len(regions))]}
}

// rows is an answer's rows, and those of the period before, as they stand in JSON.
func rows(t testing.TB, a *query.Answer) string {
	t.Helper()
	var b bytes.Buffer
	if err := query.WriteJSON(&b, a); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rows    json.RawMessage `json:"rows"`
		Compare struct {
			Rows json.RawMessage `json:"rows"`
		} `json:"compare"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("%v: %s", err, b.String())
	}
	return string(doc.Rows) + string(doc.Compare.Rows)
}
