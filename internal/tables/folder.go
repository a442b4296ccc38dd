package tables

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/lake"
)

const (
	metadataDir = "metadata"
	hintFile    = "version-hint.text" // where other engines look first; never trusted here
	tempSuffix  = ".tmp"
	claimSuffix = ".claim" // what the library's own folder catalog leaves when it is killed
)

// folder is the catalog of a folder: v<n>.metadata.json files beside the manifests, laid out as every engine's "hadoop"
// catalog expects. A commit publishes the next number with a link, which fails where it is taken.
type folder struct {
	disk *disk
	mu   sync.Mutex
	last map[string]numbered // newest known, by table
}

type numbered struct {
	version
	number int
}

var _ home = (*folder)(nil)

func (f *folder) files() storage { return f.disk }

// dir returns the key of a table's metadata folder.
func (f *folder) dir(name string) string { return lake.TablesDir + "/" + name + "/" + metadataDir }

// file returns the key of a table's n-th metadata.
func (f *folder) file(name string, number int) string {
	return f.dir(name) + "/v" + strconv.Itoa(number) + ".metadata.json"
}

func (f *folder) newest(ctx context.Context, name string) (version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, err := f.latest(ctx, name)
	if err != nil {
		return version{}, err
	}
	return v.version, ctx.Err()
}

// latest returns the newest version, from memory where nobody has published another. The caller holds the lock.
func (f *folder) latest(ctx context.Context, name string) (numbered, error) {
	known, ok := f.last[name]
	if ok {
		path, err := f.disk.path("stat", f.file(name, known.number+1))
		if err != nil {
			return numbered{}, err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return known, nil
		}
	}
	number, err := f.newestNumber(name)
	if err != nil {
		return numbered{}, err
	}
	if number == 0 {
		return numbered{}, fmt.Errorf("%w: %s", catalog.ErrNoSuchTable, name)
	}
	text, err := f.disk.read(ctx, f.file(name, number))
	if err != nil {
		return numbered{}, err
	}
	meta, err := parse(name, f.file(name, number), "remove it", text)
	if err != nil {
		return numbered{}, err
	}
	f.last[name] = f.numbered(name, number, meta)
	return f.last[name], nil
}

func (f *folder) numbered(name string, number int, meta table.Metadata) numbered {
	return numbered{version{lake.URL(f.file(name, number)), meta}, number}
}

// newestNumber returns the highest published number, 0 where the table does not exist.
func (f *folder) newestNumber(name string) (int, error) {
	path, err := f.disk.path("list", f.dir(name))
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	newest := 0
	for _, e := range entries {
		if n, ok := metadataNumber(e.Name()); ok {
			newest = max(newest, n)
		}
	}
	return newest, nil
}

func metadataNumber(name string) (int, bool) {
	digits, ok := strings.CutSuffix(name, ".metadata.json")
	if !ok || !strings.HasPrefix(digits, "v") {
		return 0, false
	}
	n, err := strconv.Atoi(digits[1:])
	return n, err == nil && n > 0
}

func (f *folder) names(ctx context.Context) ([]string, error) {
	entries, err := os.ReadDir(f.disk.local(lake.TablesDir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		n, err := f.newestNumber(e.Name())
		if err != nil {
			return nil, err
		}
		if n > 0 {
			names = append(names, e.Name())
		}
	}
	return names, ctx.Err()
}

func (f *folder) create(ctx context.Context, name string, meta table.Metadata) error {
	if err := os.MkdirAll(f.disk.local(f.dir(name)), 0o755); err != nil {
		return err
	}
	for _, key := range []string{lake.TablesDir + "/" + name, lake.TablesDir} {
		if err := f.disk.syncFolder(key); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.publish(ctx, name, 1, meta)
	return err
}

func (f *folder) commit(ctx context.Context, name string, reqs []table.Requirement, updates []table.Update) (version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	current, err := f.latest(ctx, name)
	if err != nil {
		return version{}, err
	}
	meta, err := next(current.version, reqs, updates)
	if err != nil {
		return version{}, err
	}
	v, err := f.publish(ctx, name, current.number+1, meta)
	return v.version, err
}

// publish makes the metadata the newest, unless its number is taken. Everything it refers to is durable before it appears.
func (f *folder) publish(ctx context.Context, name string, number int, meta table.Metadata) (numbered, error) {
	text, meta, err := written(meta)
	if err != nil {
		return numbered{}, err
	}
	s := begin(ctx, f.disk)
	temp := f.dir(name) + "/" + uuid.NewString() + tempSuffix
	defer s.undo()
	if err := s.WriteFile(lake.URL(temp), text); err != nil {
		return numbered{}, err
	}
	if err := f.disk.syncFolder(f.dir(name)); err != nil {
		return numbered{}, err
	}
	if err := f.link(temp, f.file(name, number)); err != nil {
		return numbered{}, err
	}
	v := f.numbered(name, number, meta)
	f.last[name] = v
	f.hint(name, number)
	if err := f.disk.syncFolder(f.dir(name)); err != nil {
		return numbered{}, err
	}
	return v, f.disk.step("answer", name)
}

func (f *folder) link(from, to string) error {
	source, err := f.disk.path("publish", from)
	if err != nil {
		return err
	}
	target, err := f.disk.path("publish", to)
	if err != nil {
		return err
	}
	if err = os.Link(source, target); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s is taken", table.ErrCommitFailed, to)
	}
	return err
}

// settled implements home: it may be the sync of its folder that failed.
func (f *folder) settled(_ context.Context, name string) error { return f.disk.syncFolder(f.dir(name)) }

// hint tells other engines which version is the newest. They survive a stale one.
func (f *folder) hint(name string, number int) {
	path := f.disk.local(f.dir(name) + "/" + hintFile)
	if os.WriteFile(path+tempSuffix, []byte(strconv.Itoa(number)), 0o644) == nil {
		_ = os.Rename(path+tempSuffix, path)
	}
}

// clean removes what a killed process left in the metadata folders. The caller holds the data folder's lock.
func (f *folder) clean() error {
	for _, suffix := range []string{tempSuffix, claimSuffix} {
		left, err := filepath.Glob(filepath.Join(f.disk.local(lake.TablesDir), "*", metadataDir, "*"+suffix))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return f.settle()
}

// settle makes durable what is visible. A process that was killed between making a commit visible and syncing its folder
// has left one that a power loss would still take, with rows whose landed objects the next process lets go of.
func (f *folder) settle() error {
	all, err := filepath.Glob(filepath.Join(f.disk.local(lake.TablesDir), "*", metadataDir))
	if err != nil {
		return err
	}
	for _, path := range all {
		name := filepath.Base(filepath.Dir(path))
		if err := f.disk.syncFolder(f.dir(name)); err != nil {
			return err
		}
		if err := f.hinted(name); err != nil {
			return err
		}
	}
	return nil
}

// hinted makes a hint where there is none, as in a folder that was restored.
func (f *folder) hinted(name string) error {
	if _, err := os.Stat(f.disk.local(f.dir(name) + "/" + hintFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	number, err := f.newestNumber(name)
	if err == nil && number > 0 {
		f.hint(name, number)
	}
	return err
}
