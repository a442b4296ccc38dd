//go:build integration

package integration_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/cost"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/land"
)

// counter counts the requests that go through it, by what S3 charges for them.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

// before puts the counter before a service and returns where it then is.
func (c *counter) before(t *testing.T, service string) string {
	t.Helper()
	target, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := r.Method
		switch {
		case r.Header.Get("X-Amz-Target") != "":
			kind = "glue"
		case r.URL.Query().Has("list-type"):
			kind = http.MethodPut // a LIST costs what a PUT does
		case r.Method == http.MethodHead:
			kind = http.MethodGet
		}
		c.mu.Lock()
		c.n[kind]++
		c.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// during returns what was asked for while do ran.
func (c *counter) during(do func()) map[string]int {
	c.mu.Lock()
	c.n = map[string]int{}
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

// TestWhatACommitAsksFor counts the requests of landings, commits and compactions, which the cost of a lake rests on.
func TestWhatACommitAsksFor(t *testing.T) {
	t.Parallel()
	asked := &counter{n: map[string]int{}}
	objects := integration.S3(t)
	for _, bucket := range []string{onAWS} {
		if err := os.Mkdir(filepath.Join(objects.Folder, bucket), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	objects.Endpoint = asked.before(t, objects.Endpoint)
	c := &cloudSide{objects: objects, glue: asked.before(t, integration.Glue(t))}
	s, ring := c.bucket(t, "asked", tables.Options{}), newRing(t)
	s.fill(t, ring, 3) // the first commits make tables
	const lanes, rounds = 2, 8
	var commits, merges map[string]int
	files := 0
	count := func(into *map[string]int, n map[string]int) {
		if *into == nil {
			*into = map[string]int{}
		}
		for kind, more := range n {
			(*into)[kind] += more
		}
	}
	for range rounds {
		landed := asked.during(func() { landOnce(t, s, ring) })
		if landed[http.MethodPut] != lanes || len(landed) != 1 {
			t.Errorf("landing %d batches asks for %v", lanes, landed)
		}
		before := len(filesOf(t, s))
		count(&commits, asked.during(func() {
			if _, err := s.committer.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}))
		files += len(filesOf(t, s)) - before
	}
	old := filesOf(t, s)
	count(&merges, asked.during(func() {
		if _, err := s.compactor.Merge(t.Context(), s.history); err != nil {
			t.Fatal(err)
		}
	}))
	left := filesOf(t, s)
	read, written := replaced(old, left)
	puts := float64(commits[http.MethodPut]-files) / rounds
	gets := float64(commits[http.MethodGet]-lanes*rounds) / rounds
	t.Logf("SUMMARY requests: %d commits of %d batches and %d files: %v; beside files and batches %.1f PUT or LIST, %.1f GET, %.1f Glue each; a compaction of %d files into %d: %v; beside files %d PUT or LIST, %d GET",
		rounds, lanes*rounds, files, commits, puts, gets, float64(commits["glue"])/rounds, read, written, merges, merges[http.MethodPut]-written, merges[http.MethodGet]-read)
	known, err := cost.Compare(cost.Load{Changes: 1e6, RecordBytes: 1600}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := known.Measured
	for what, pair := range map[string][2]float64{"commitPuts": {puts, m.CommitPuts}, "commitGets": {gets, m.CommitGets}, "commitGlue": {float64(commits["glue"]) / rounds, m.CommitGlue},
		"mergePuts": {float64(merges[http.MethodPut] - written), m.MergePuts}, "mergeGets": {float64(merges[http.MethodGet] - read), m.MergeGets}, "mergeGlue": {float64(merges["glue"]), m.MergeGlue}} {
		if pair[0] > pair[1]*1.25+1 {
			t.Errorf("%s: counted %.1f, internal/cost/measured.json says %.1f: renew it and docs/cost.md", what, pair[0], pair[1])
		}
	}
}

// replaced returns how many files are gone and how many are new.
func replaced(old, left []tables.File) (gone, made int) {
	there := map[string]bool{}
	for _, f := range old {
		there[f.URL] = true
	}
	for _, f := range left {
		if !there[f.URL] {
			made++
		}
		delete(there, f.URL)
	}
	return len(there), made
}

func filesOf(t *testing.T, s *side) []tables.File {
	t.Helper()
	all, err := now(t, s).Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// landOnce lands the next batch of each lane.
func landOnce(t *testing.T, s *side, ring *synthetic.Ring) {
	t.Helper()
	for _, l := range ring.Lanes() {
		b := l.Next()
		batch := land.Batch{Stream: synthetic.Source, Lane: b.Lane, Begin: b.After == "", Body: b.Body}
		if b.After != "" {
			var err error
			if batch.After, err = lake.ParseSeq(b.After); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.lander.Land(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}
