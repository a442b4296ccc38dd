package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/tarn-lake/tarn/internal/fault"
)

// openEngine opens the engine's files, for reading only where the disk allows no more.
func (s *Store) openEngine() error {
	// The engine takes its memtables out of the cache's size: without room for them nothing would be cached.
	s.cache = pebble.NewCache(s.opts.Cache + 2*int64(s.opts.Memtable))
	db, err := pebble.Open(s.dir, s.engineOptions())
	if err == nil {
		s.db = db
		s.disk.running.Store(true)
		return nil
	}
	if trouble := err; curable(trouble) {
		opts := s.engineOptions()
		opts.ReadOnly = true
		if db, err := pebble.Open(s.dir, opts); err == nil {
			s.db = db
			s.disk.fail(trouble)
			return nil
		}
	}
	s.cache.Unref()
	return s.disk.explain(err, "open the store")
}

// blockSize is how much the engine reads, unpacks and caches at once. A scan of a table takes a third less time than with
// the engine's own 4 KB, and a record that is not in the cache hardly more.
const blockSize = 16 << 10

func (s *Store) engineOptions() *pebble.Options {
	opts := &pebble.Options{
		FS:                          s.disk,
		Cache:                       s.cache,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                uint64(s.opts.Memtable),
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       8,
		L0StopWritesThreshold:       32,
		LBaseMaxBytes:               64 << 20,
		// Small tables from a flush keep the versions, which come in order, apart from the items and entries, which do
		// not: compactions then rewrite less.
		FlushSplitBytes: 512 << 10,
		TargetFileSizes: [...]int64{512 << 10, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20, 32 << 20},
		MaxOpenFiles:    256,
		Logger:          engineLog{s.disk},
	}
	opts.CompactionConcurrencyRange = func() (int, int) { return 1, 1 }
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].BlockSize = blockSize
		opts.Levels[i].IndexBlockSize = 256 << 10 // one level of index: a second costs every look-up another block
	}
	return opts
}

// engineLog hears what the engine takes for fatal. Nothing here ends the process.
type engineLog struct{ d *disk }

func (engineLog) Infof(string, ...any) {}

func (engineLog) Errorf(string, ...any) {}

func (l engineLog) Fatalf(format string, args ...any) { l.d.fail(fmt.Errorf(format, args...)) }

// load reads the settings, writing them where the store is new.
func (s *Store) load() (*decider, error) {
	d := &decider{s: s, cells: newCells(s.db)}
	text, err := s.setting(catalogKey)
	if err != nil {
		return nil, err
	}
	if text == nil {
		d.cat = newCatalog()
		if s.disk.trouble() == nil {
			err = s.db.Set([]byte(catalogKey), d.cat.encode(), pebble.Sync)
		}
	} else {
		d.cat, err = parseCatalog(text)
	}
	if err != nil {
		return nil, err
	}
	counters, err := s.setting(countersKey)
	if err != nil {
		return nil, err
	}
	if len(counters) == 16 {
		d.seq = binary.BigEndian.Uint64(counters)
		s.floor = int64(binary.BigEndian.Uint64(counters[8:]))
	}
	s.durable = d.seq
	s.catalog.Store(d.cat)
	return d, s.loadFeeds(d.cat)
}

func (s *Store) loadFeeds(cat *catalog) error {
	for name, st := range cat.streams {
		f := newFeedState()
		f.wake(s.durable)
		for _, sh := range st.Shards {
			text, err := s.setting(string(trimKey(sh.Number)))
			if err != nil {
				return err
			}
			if len(text) == 8 {
				f.trimmed[sh.Number] = binary.BigEndian.Uint64(text)
			}
		}
		s.feeds[name] = f
	}
	return nil
}

// setting returns a copy of what stands under a key, nil where nothing does.
func (s *Store) setting(key string) ([]byte, error) {
	text, done, err := s.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, errEngine(err)
	}
	return append([]byte{}, text...), done.Close()
}

// errEngine wraps what the engine could not do.
func errEngine(err error) error {
	if fault.Of(err) != fault.Internal {
		return err
	}
	return fmt.Errorf("read or write the store: %w", err)
}
