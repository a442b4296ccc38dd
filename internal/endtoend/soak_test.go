//go:build integration

package endtoend_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a table of a busy machine may hold at any moment: what came since the last round of compaction or upkeep, and what
// is kept by design.
const (
	soakCommits   = 4                                     // a second at most, by TARN_COMMIT_EVERY
	soakKeep      = 20                                    // TARN_SNAPSHOTS
	mostFilesEach = 10*soakCommits + 3*8                  // live files of a partition: two rounds' worth, and three sizes of merged ones
	mostSnapshots = soakKeep + 64 + (60+45)*soakCommits   // a minute for readers, and upkeep twice a minute
	mostMetadata  = 3*mostSnapshots + (60+45)*soakCommits // files of a table's metadata folder: lists, manifests, versions
	mostResident  = 640 << 20                             // bytes
)

// TestSoak lets traffic come for a while and looks whether anything grows that must not.
func TestSoak(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	lasts := span(t, "TARN_SOAK", time.Minute)
	p := start(t, data, "TARN_COMMIT_EVERY=250ms", fmt.Sprintf("TARN_SNAPSHOTS=%d", soakKeep))
	c := newClient(1, 1)
	look, burst := time.NewTicker(lasts/10), time.NewTicker(time.Second/2)
	defer look.Stop()
	defer burst.Stop()
	end := time.Now().Add(lasts)
	var first, last footprint
	for time.Now().Before(end) {
		writeFor(t, p, c, time.Second/5)
		select {
		case <-look.C:
			last = p.footprint()
			t.Log(last)
			if first.rss == 0 {
				first = last
			}
			last.check(t)
		case <-burst.C:
		}
	}
	verify(t, data)
	(&killing{t: t, clients: []*client{c}}).compare("lake", lakePasses(p))
	t.Logf("SUMMARY soak: %s, %d writes; resident memory %d MB, then %d MB", lasts, c.acked, first.rss>>20, last.rss>>20)
}

// writeFor lets the client write for a while.
func writeFor(t *testing.T, p *process, c *client, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		do := c.settle
		if do == nil {
			do = c.choose()
		}
		if err := do(t.Context(), p); err != nil {
			t.Fatalf("%v\n%s", err, p.log)
		}
	}
}

// footprint is what a process and its tables take.
type footprint struct {
	rss                int64
	files, metadata    map[string]int // by table
	snapshots, fullest map[string]int // by table: snapshots; files of its fullest partition
	bytesTotal         int64
}

func (p *process) footprint() footprint {
	p.tb.Helper()
	f := footprint{rss: p.resident(), files: map[string]int{}, metadata: map[string]int{}, snapshots: map[string]int{}, fullest: map[string]int{}}
	partitions := map[string]int{}
	root := filepath.Join(p.data, "lake", "tables")
	for name, s := range status(p.tb, p.data) {
		f.files[name], f.snapshots[name] = s.Files, s.Snapshots
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone while we looked
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		table, rest, _ := strings.Cut(rel, "/")
		if strings.HasPrefix(rest, "metadata/") {
			f.metadata[table]++
		} else {
			partitions[filepath.Dir(rel)]++
		}
		if info, err := d.Info(); err == nil {
			f.bytesTotal += info.Size()
		}
		return err
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	for dir, n := range partitions {
		table, _, _ := strings.Cut(dir, "/")
		f.fullest[table] = max(f.fullest[table], n)
	}
	return f
}

// resident returns the process's resident memory in bytes.
func (p *process) resident() int64 {
	p.tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	var size, pages int64
	if err == nil {
		_, err = fmt.Sscan(string(text), &size, &pages)
	}
	if err != nil {
		p.tb.Fatalf("read the memory of the process: %v", err)
	}
	return pages * int64(os.Getpagesize())
}

func (f footprint) String() string {
	return fmt.Sprintf("resident %d MB, lake %.1f MB, files %v, in the fullest partition on disk %v, snapshots %v, metadata files %v", f.rss>>20, float64(f.bytesTotal)/1e6, f.files, f.fullest, f.snapshots, f.metadata)
}

// check holds the bounds of live files. Replaced files stay on the disk for their readers a while; live ones must not pile up.
func (f footprint) check(t *testing.T) {
	t.Helper()
	if f.rss > mostResident {
		t.Errorf("the process takes %d MB", f.rss>>20)
	}
	const partitions = 10 // one day, eight divisions and unknown; traffic may cross midnight
	for table, n := range f.files {
		if n > partitions*mostFilesEach {
			t.Errorf("%s has %d files", table, n)
		}
		if f.snapshots[table] > mostSnapshots {
			t.Errorf("%s keeps %d snapshots", table, f.snapshots[table])
		}
		if f.metadata[table] > mostMetadata {
			t.Errorf("%s has %d files of metadata", table, f.metadata[table])
		}
	}
}
