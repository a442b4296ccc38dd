package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/iceberg-go/catalog"
	icebergio "github.com/apache/iceberg-go/io"
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
	last map[string]version // newest known, by table
}

type version struct {
	number int
	meta   table.Metadata
}

var _ table.CatalogIO = (*folder)(nil)

func (f *folder) dir(name string) string {
	return lake.URL(lake.TablesDir + "/" + name + "/" + metadataDir)
}

func (f *folder) file(name string, number int) string {
	return f.dir(name) + "/v" + strconv.Itoa(number) + ".metadata.json"
}

// LoadTable returns the table as its newest metadata has it.
func (f *folder) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, err := f.newest(ident[0])
	if err != nil {
		return nil, err
	}
	return f.table(ident[0], v, &session{disk: f.disk}), ctx.Err()
}

// table returns a table that reads and writes through s.
func (f *folder) table(name string, v version, s *session) *table.Table {
	files := func(context.Context) (icebergio.IO, error) { return s, nil }
	return table.New(table.Identifier{name}, v.meta, f.file(name, v.number), files, f)
}

// newest returns the newest version, from memory where nobody has published another. The caller holds the lock.
func (f *folder) newest(name string) (version, error) {
	known, ok := f.last[name]
	if ok {
		path, err := f.disk.path("stat", f.file(name, known.number+1))
		if err != nil {
			return version{}, err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return known, nil
		}
	}
	number, err := f.newestNumber(name)
	if err != nil {
		return version{}, err
	}
	if number == 0 {
		return version{}, fmt.Errorf("%w: %s", catalog.ErrNoSuchTable, name)
	}
	text, err := (&session{disk: f.disk}).ReadFile(f.file(name, number))
	if err != nil {
		return version{}, err
	}
	meta, err := table.ParseMetadataBytes(text)
	if err != nil {
		return version{}, fmt.Errorf("read metadata %d of table %s: %w", number, name, err)
	}
	f.last[name] = version{number, meta}
	return f.last[name], nil
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

// CommitTable applies the updates to the newest metadata if it meets the requirements. table.ErrCommitFailed means that
// another commit was first and nothing of this one is there; after any other error it may be there.
func (f *folder) CommitTable(_ context.Context, ident table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := ident[0]
	current, err := f.newest(name)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(current.meta); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	meta, err := table.UpdateTableMetadata(current.meta, updates, f.file(name, current.number))
	if err != nil {
		return nil, "", err
	}
	next, err := f.publish(name, current.number+1, meta)
	if err != nil {
		return nil, "", err
	}
	return next.meta, f.file(name, next.number), nil
}

// publish makes the metadata the newest, and returns it as the next process will read it. Everything it refers to is
// durable before it appears.
//
// The metadata that the library built is let go: its new snapshot points into the transaction that made it, which holds
// the metadata before, and so on, so that a process would never forget a version.
func (f *folder) publish(name string, number int, meta table.Metadata) (version, error) {
	text, err := json.Marshal(meta)
	if err != nil {
		return version{}, err
	}
	v := version{number: number}
	if v.meta, err = table.ParseMetadataBytes(text); err != nil {
		return version{}, err
	}
	return v, f.put(name, v, text)
}

// put writes the metadata and gives it its name, which must be free.
func (f *folder) put(name string, v version, text []byte) error {
	s := &session{disk: f.disk}
	temp := f.dir(name) + "/" + uuid.NewString() + tempSuffix
	if err := s.WriteFile(temp, text); err != nil {
		s.undo()
		return err
	}
	defer s.undo()
	if err := f.disk.syncFolder(f.dir(name)); err != nil {
		return err
	}
	if err := f.link(temp, f.file(name, v.number)); err != nil {
		return err
	}
	f.last[name] = v
	f.hint(name, v.number)
	if err := f.disk.syncFolder(f.dir(name)); err != nil {
		return err
	}
	return f.disk.step("answer", name)
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

// hint tells other engines which version is the newest. They survive a stale one.
func (f *folder) hint(name string, number int) {
	path := filepath.Join(f.disk.root, lake.TablesDir, name, metadataDir, hintFile)
	if os.WriteFile(path+tempSuffix, []byte(strconv.Itoa(number)), 0o644) == nil {
		_ = os.Rename(path+tempSuffix, path)
	}
}

// clean removes what a killed process left in the metadata folders. The caller holds the data folder's lock.
func (f *folder) clean() error {
	for _, suffix := range []string{tempSuffix, claimSuffix} {
		left, err := filepath.Glob(filepath.Join(f.disk.root, lake.TablesDir, "*", metadataDir, "*"+suffix))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
