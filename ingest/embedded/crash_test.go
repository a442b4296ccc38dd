package embedded_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/record"
	"go.uber.org/goleak"
)

// crashDir tells this test binary to be the process that is killed.
const crashDir = "TARN_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// crashWriters is how many goroutines write. Each has items of its own, so the order of what happens to one is known.
const crashWriters = 24

// crashChild writes until it is killed. It says what it begins and what was answered.
func crashChild(dir string, out io.Writer) error {
	s, err := embedded.Open(dir, storetest.Tables(), embedded.Options{Memtable: 1 << 20})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return crashWork(s, os.Getpid(), func(line string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(out, line+"\n") // nobody hears it once the parent has killed us
	}, nil)
}

// crashWork writes from many goroutines until one fails or stop is closed. Passes and their count change together.
func crashWork(s *embedded.Store, run int, say func(string), stop <-chan struct{}) error {
	var wg sync.WaitGroup
	errs := make([]error, crashWriters)
	for g := range crashWriters {
		wg.Go(func() {
			for i := 0; errs[g] == nil; i++ {
				select {
				case <-stop:
					return
				default:
				}
				what, actions := crashStep(run, g, i)
				say("begin " + what)
				if errs[g] = s.Write(context.Background(), actions...); errs[g] == nil {
					say("done " + what)
				}
				if g == 0 && i%50 == 49 {
					errs[g] = s.Rotate(context.Background(), storetest.Stream)
				}
			}
		})
	}
	wg.Wait()
	return errs[slices.IndexFunc(append(errs, io.EOF), func(err error) bool { return err != nil })%crashWriters]
}

// crashStep returns the i-th transaction of a writer: it creates an item, changes it twice, and removes every second.
func crashStep(run, g, i int) (what string, actions []ingest.Action) {
	id := fmt.Sprintf("%d-%d-%d", run, g, i/4)
	key := ingest.Key{Partition: record.String(id)}
	counter := ingest.Action{
		Kind: ingest.Update, Table: "counters", Key: ingest.Key{Partition: record.String("all"), Sort: record.Number(fmt.Sprint(g % 3))},
	}
	v := record.Number(fmt.Sprint(i % 4))
	exists := []ingest.Condition{{Test: ingest.Exists}}
	switch {
	case i%4 == 0:
		counter.Add = map[string]int64{"n": 1}
		item := record.Item{"id": key.Partition, "v": v, "applicant": record.String(fmt.Sprint("a", g)), "start": record.String(id), "n": record.Number(fmt.Sprint(g % 3))}
		return id + " 0", []ingest.Action{{Kind: ingest.Put, Table: "passes", Item: item, If: []ingest.Condition{{Test: ingest.Missing}}}, counter}
	case i%4 == 3 && i%8 == 3:
		counter.Add = map[string]int64{"n": -1}
		return id + " gone", []ingest.Action{{Kind: ingest.Delete, Table: "passes", Key: key, If: exists}, counter}
	default:
		return fmt.Sprint(id, " ", v.Text), []ingest.Action{{Kind: ingest.Update, Table: "passes", Key: key, Set: record.Item{"v": v}, If: exists}}
	}
}

// diary is what a run of writers said.
type diary struct {
	mu    sync.Mutex
	done  map[string]string // by item: the last state that was answered
	begun map[string]string // a state that was begun and not answered
	count int
}

func newDiary() *diary { return &diary{done: map[string]string{}, begun: map[string]string{}} }

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	word, what, _ := strings.Cut(line, " ")
	id, state, ok := strings.Cut(what, " ")
	switch {
	case !ok:
	case word == "begin":
		d.begun[id] = state
	case word == "done":
		d.done[id] = state
		delete(d.begun, id)
		d.count++
	}
}

// clone returns the diary as it is now.
func (d *diary) clone() *diary {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := newDiary()
	for id, state := range d.done {
		c.done[id] = state
	}
	return c
}

// TestKillLosesNothing kills a writing process at random moments and looks at what it left.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	dir := filepath.Join(t.TempDir(), "store")
	d := newDiary()
	for round := range rounds {
		killOnce(t, dir, d, 100+rand.IntN(1500))
		s, err := embedded.Open(dir, storetest.Tables(), embedded.Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		verify(t, s, d, true)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("after %d rounds and %d answers", round+1, d.count)
		}
	}
	t.Logf("%d answered writes over %d kills", d.count, rounds)
}

func killOnce(t *testing.T, dir string, d *diary, answers int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	before := d.count
	for lines := bufio.NewScanner(out); lines.Scan(); {
		d.note(lines.Text())
		if answers > 0 && d.count-before >= answers {
			answers = 0
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if answers > 0 {
		t.Fatal("the process ended by itself")
	}
}

// TestPowerCutLosesNothing cuts the power under a store, so that all is lost that was not synced, at random moments.
func TestPowerCutLosesNothing(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		fs := vfs.NewCrashableMem()
		if err := fs.MkdirAll("/data", 0o755); err != nil {
			t.Fatal(err)
		}
		syncRoot(t, fs)
		s, err := embedded.OpenOn(fs, "/data/store", storetest.Tables(), embedded.Options{Memtable: 256 << 10, MinFree: -1})
		if err != nil {
			t.Fatal(err)
		}
		d, stop := newDiary(), make(chan struct{})
		cut := make(chan struct{})
		after := 50 + rand.IntN(2000)
		var once sync.Once
		ended := make(chan error, 1)
		go func() {
			ended <- crashWork(s, round, func(line string) {
				d.note(line)
				if d.answers() >= after {
					once.Do(func() { close(cut) })
				}
			}, stop)
		}()
		<-cut
		known := d.clone() // what was answered before the cut
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rand.IntN(2) * 50, RNG: rand.New(rand.NewPCG(uint64(round), 1))})
		close(stop)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s, err = embedded.OpenOn(crashed, "/data/store", storetest.Tables(), embedded.Options{MinFree: -1})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		verify(t, s, known, false)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *diary) answers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

func syncRoot(t *testing.T, fs vfs.FS) {
	t.Helper()
	root, err := fs.OpenDir("/")
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := root.Close(); err != nil {
		t.Fatal(err)
	}
}

// verify holds a store against a diary and against itself: items against what was answered, counters against items,
// the index against items, the feed against items. Exact means that nobody wrote after the diary ended.
func verify(t *testing.T, s *embedded.Store, d *diary, exact bool) {
	t.Helper()
	items := map[string]record.Item{}
	counts := map[string]int{}
	for _, it := range scanAll(t, s, "passes") {
		items[it["id"].Text] = it
		counts[it["n"].Text]++
	}
	for id, want := range d.done {
		got := "gone"
		if it, ok := items[id]; ok {
			got = it["v"].Text
		}
		if got != want && got != d.begun[id] && (exact || got < want) {
			t.Errorf("item %s is %s, but %s was answered (and %q begun)", id, got, want, d.begun[id])
		}
	}
	for id, state := range d.begun { // the next round begins from what is there
		if it, ok := items[id]; ok {
			d.done[id] = it["v"].Text
		} else if _, known := d.done[id]; known || state == "gone" {
			d.done[id] = "gone"
		}
		delete(d.begun, id)
	}
	for _, c := range scanAll(t, s, "counters") {
		if got, want := c["n"].Text, fmt.Sprint(counts[c["day"].Text]); got != want {
			t.Errorf("counter %s is %s, but there are %s items", c["day"].Text, got, want)
		}
	}
	verifyIndex(t, s, items)
	verifyFeed(t, s, items)
}

func verifyIndex(t *testing.T, s *embedded.Store, items map[string]record.Item) {
	t.Helper()
	found := 0
	for g := range crashWriters {
		q := ingest.Query{Table: "passes", Index: "byApplicant", Partition: record.String(fmt.Sprint("a", g)), Limit: 1000}
		for {
			page, err := s.Query(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				if !it.Equal(items[it["id"].Text]) {
					t.Errorf("the index shows %v", it)
				}
				found++
			}
			if q.After = page.Last; q.After == nil {
				break
			}
		}
	}
	if found != len(items) {
		t.Errorf("the index holds %d of %d items", found, len(items))
	}
}

// verifyFeed replays all changes: each must begin where the one before it ended, and the last leave what is stored.
func verifyFeed(t testing.TB, s *embedded.Store, items map[string]record.Item) {
	t.Helper()
	replayed := map[string]string{}
	shards, err := s.Shards(context.Background(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, sh := range shards {
		page, err := s.Read(context.Background(), storetest.Stream, sh, "", 1000)
		for ; err == nil && page.Records > 0; page, err = s.Read(context.Background(), storetest.Stream, sh, page.Last, 1000) {
			replay(t, page.Body, replayed)
		}
		if err != nil || page.End != sh.Closed {
			t.Fatalf("shard %s: end %t, %v", sh.ID, page.End, err)
		}
	}
	for id, it := range items {
		if got, want := replayed[id], string(record.AppendItem(nil, it)); got != want {
			t.Errorf("the feed leaves %s as %s, the store as %s", id, got, want)
		}
		delete(replayed, id)
	}
	for id, image := range replayed {
		t.Errorf("the feed leaves %s as %s, the store has no such item", id, image)
	}
}

func replay(t testing.TB, body []byte, replayed map[string]string) {
	t.Helper()
	var event struct {
		Records []struct {
			Data struct{ Keys, NewImage, OldImage json.RawMessage } `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	for _, r := range event.Records {
		keys, err := record.ParseItem(r.Data.Keys)
		if err != nil {
			t.Fatal(err)
		}
		id := keys["id"].Text
		if replayed[id] != string(r.Data.OldImage) {
			t.Errorf("a change of %s begins at %s, the one before ended at %s", id, r.Data.OldImage, replayed[id])
		}
		if replayed[id] = string(r.Data.NewImage); r.Data.NewImage == nil {
			delete(replayed, id)
		}
	}
}

func scanAll(t testing.TB, s *embedded.Store, table string) (all []record.Item) {
	t.Helper()
	sc := ingest.Scan{Table: table, Limit: 1000}
	for {
		page, err := s.Scan(context.Background(), sc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if sc.After = page.Last; sc.After == nil {
			return all
		}
	}
}
