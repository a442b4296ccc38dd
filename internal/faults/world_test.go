package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/faults"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

// itemsYAML is a dataset that can do everything that a fault may spoil: rows move between regions, end, and go bad.
const itemsYAML = `stream: items
table: items
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: area, type: string}
  - {name: n, type: int64}
region: {from: field, field: area, values: [north, south, unknown]}
date: {from: change}
track: [area, n]
sort: [n]
`

var errDead = errors.New("the process is dead")

// world is the stages on a folder, as one process or two have them, with a plan's faults on every seam.
type world struct {
	root     string
	in       *faults.Injector
	registry *schemas.Registry
	dead     atomic.Bool
	power    *power

	catalogs   [2]*tables.Catalog
	committers [2]*commit.Committer
	lander     *land.Lander
	compactor  *compact.Compactor
	files      *faults.Files
	ids        atomic.Int64
	meanwhile  func() bool // called in each listing; reports whether it landed something
}

func newWorld(root string, plan faults.Plan) (*world, error) {
	r, err := schemas.Load(fstest.MapFS{"d/items.yaml": {Data: []byte(itemsYAML)}})
	if err != nil {
		return nil, err
	}
	w := &world{root: root, registry: r, power: newPower(root)}
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w.in = faults.New(plan, faults.Options{
		Kill: func() {
			w.power.settle() // what came before is done
			w.dead.Store(true)
		},
		Wait: func(context.Context, time.Duration) error { return nil },
		Now:  func() time.Time { return start },
	})
	return w, w.start()
}

// start is the process starting: what was in memory is gone.
func (w *world) start() error {
	w.dead.Store(false)
	store, err := dir.Open(w.root)
	if err != nil {
		return err
	}
	store.Before = w.hook("disk")
	w.files = w.in.Files(mortal{store, w})
	if w.lander, err = land.New(w.files, w.registry, land.Options{}); err != nil {
		return err
	}
	for i := range w.committers {
		if w.catalogs[i], err = tables.OpenFolder(context.Background(), w.root, tables.Options{Before: w.hook("table")}); err != nil {
			return err
		}
		w.committers[i] = commit.New(w.files, w.catalogs[i], w.registry, commit.Options{Now: w.in.Now, NewID: w.id, Keep: 10, KeepFor: time.Nanosecond, MaxBytes: 20_000})
	}
	w.compactor = compact.New(w.files, compact.Options{FanIn: 2, BaseRows: 3, Keep: 5, Grace: time.Hour, Now: w.in.Now, NewID: w.id})
	return nil
}

// id names files and attempts: the same in every run of a plan.
func (w *world) id() string { return fmt.Sprintf("id%06d", w.ids.Add(1)) }

// hook lets nothing happen in a dead process, notes what a power loss would take, and asks the plan.
func (w *world) hook(seam string) func(step, key string) error {
	ask := w.in.Hook(seam)
	return func(step, key string) error {
		if w.dead.Load() {
			return errDead
		}
		w.power.settle()
		if err := ask(step, key); err != nil {
			return err
		}
		w.power.step(step, key)
		return nil
	}
}

// mortal is the objects of a process that may die.
type mortal struct {
	*dir.Dir
	w *world
}

func (m mortal) Put(ctx context.Context, key string, body []byte) error {
	if m.w.dead.Load() {
		return errDead
	}
	return m.Dir.Put(ctx, key, body)
}

// List lists; an act may have something land meanwhile, of which the listing shows the last and not the first.
func (m mortal) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	before, err := m.Dir.List(ctx, prefix)
	if err != nil || m.w.meanwhile == nil {
		return before, err
	}
	if !m.w.meanwhile() {
		return before, nil
	}
	after, err := m.Dir.List(ctx, prefix)
	isNew := func(f fs.FileInfo) bool {
		return !slices.ContainsFunc(before, func(b fs.FileInfo) bool { return b.Name() == f.Name() })
	}
	if i := slices.IndexFunc(after, isNew); i >= 0 {
		after = slices.Delete(after, i, i+1)
	}
	return after, err
}

// power knows what has been done on the disk and not been synced yet: a power loss may take it back.
type power struct {
	root    string
	mu      sync.Mutex
	made    map[string][]string // by folder: names that its sync has not made durable
	syncing map[string]bool     // folders whose sync was the last step of somebody
}

func newPower(root string) *power {
	return &power{root: root, made: map[string][]string{}, syncing: map[string]bool{}}
}

func (p *power) step(step, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	folder := filepath.Dir(key)
	switch step {
	case "rename", "create", "publish":
		// What is there already is durable: another committer's metadata, or the same object landed before.
		if _, err := os.Lstat(filepath.Join(p.root, filepath.FromSlash(key))); err != nil {
			p.made[folder] = append(p.made[folder], key)
		}
	case "sync folder":
		if len(p.made[key]) == 0 {
			key = folder
		}
		p.syncing[key] = true
	}
}

// settle notes that the last step is done: a sync of a folder has made its names durable.
func (p *power) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for folder := range p.syncing {
		delete(p.made, folder)
	}
	clear(p.syncing)
}

// lose takes back every other name that was not durable, as a disk may after a power loss.
func (p *power) lose() (lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, names := range p.made {
		for i, key := range names {
			if (i+len(key))%2 == 0 && os.Remove(filepath.Join(p.root, filepath.FromSlash(key))) == nil {
				lost++
			}
		}
	}
	clear(p.made)
	clear(p.syncing)
	return lost
}

// scratch is a folder in memory where the system has one: these tests sync very often.
func scratch(t testing.TB) string {
	t.Helper()
	root, err := os.MkdirTemp("/dev/shm", "tarn-faults-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

// snapshot returns a table as it is, nil where there is none yet.
func (w *world) snapshot(name string) (*tables.Snapshot, error) {
	names, err := w.catalogs[0].Names(context.Background())
	if err != nil || !slices.Contains(names, name) {
		return nil, err
	}
	t, err := w.catalogs[0].Existing(context.Background(), name)
	if err != nil {
		return nil, err
	}
	return t.Snapshot(context.Background())
}
