// Package embedded keeps items in a folder of this machine, with DynamoDB's conditions, transactions, indexes and time
// to live, and gives every change of them as a feed in the form of DynamoDB Streams.
//
// One goroutine decides all writes, in the order of their sequence numbers, and gathers those that wait into one batch;
// another makes batches durable and only then answers. So a write that was answered is on disk, a feed shows nothing
// that could still be lost, and one sync carries many writes.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Options tune a store. The zero value works.
type Options struct {
	Now         func() time.Time // default time.Now
	Shards      int              // open shards of a new stream; default 4
	RotateEvery time.Duration    // age at which all shards of a stream are replaced; default 4 h, negative never
	Retention   time.Duration    // how long Trim leaves feed records; default 24 h
	MinFree     int64            // free bytes below which writes are refused; default 32 MiB, negative none
	Cache       int64            // bytes of block cache; default 16 MiB
	Memtable    int              // bytes of a memtable, of which up to three exist; default 16 MiB
	// Inject, where set, is asked before every change of a file; what it returns is taken for the system's answer.
	// The operations are create, write, sync, rename, remove and mkdir.
	Inject func(op, path string) error
}

// Store is an ingest.Store and a change feed over one folder. It is safe for concurrent use; only one Store at a time
// may have the folder open.
type Store struct {
	dir    string
	opts   Options
	db     *pebble.DB
	cache  *pebble.Cache
	disk   *disk
	queue  chan *request
	groups chan *group
	done   sync.WaitGroup
	closed chan struct{}
	once   sync.Once

	catalog atomic.Pointer[catalog] // as of the last durable group

	use  sync.RWMutex // held for reading by whoever reads the engine
	gone bool         // the engine is closed

	mu       sync.Mutex // guards what follows
	durable  uint64     // every record up to this sequence number is on disk
	floor    int64      // no later change is made before this millisecond
	inflight []int64    // change times of the groups that are not durable, oldest first
	feeds    map[string]*feedState
	stats    Stats
}

// Stats is what a store has done since it was opened, and how large it is.
type Stats struct {
	Writes    uint64        // transactions that were kept
	Refused   uint64        // transactions that a condition or limit refused
	Changes   uint64        // items changed
	Syncs     uint64        // times the log was synced
	SyncTime  time.Duration // spent in them
	Sequence  uint64        // newest durable sequence number, without the offset
	DiskBytes uint64
	Memory    uint64 // memtables and block cache
}

// Open opens the store in dir, creating it where there is none, with at least these tables: tables and indexes that are
// new are added, those of an earlier opening stay. A table whose key differs from the stored one is Invalid. A folder
// that cannot be written, or a full disk, still opens for reading if it holds a store; every write is then refused.
func Open(dir string, tables []ingest.Table, opts Options) (*Store, error) {
	return open(vfs.Default, dir, tables, opts)
}

func open(fs vfs.FS, dir string, tables []ingest.Table, opts Options) (*Store, error) {
	s := &Store{
		dir: dir, opts: opts.withDefaults(),
		queue: make(chan *request, 512), groups: make(chan *group, 1), closed: make(chan struct{}),
		feeds: map[string]*feedState{},
	}
	s.disk = newDisk(fs, dir, s.opts, s.closed)
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	if err := s.openEngine(); err != nil {
		return nil, err
	}
	d, err := s.load()
	if err != nil {
		return nil, errors.Join(err, s.closeEngine())
	}
	s.done.Go(func() { s.decide(d) })
	s.done.Go(s.settle)
	if err := s.addTables(tables); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Shards <= 0 {
		o.Shards = 4
	}
	if o.RotateEvery == 0 {
		o.RotateEvery = 4 * time.Hour
	}
	if o.Retention <= 0 {
		o.Retention = 24 * time.Hour
	}
	if o.MinFree == 0 {
		o.MinFree = 32 << 20
	}
	if o.Cache <= 0 {
		o.Cache = 16 << 20
	}
	if o.Memtable <= 0 {
		o.Memtable = 16 << 20
	}
	return o
}

// makeFolder creates the folder and makes its name durable, which the engine leaves to us.
func (s *Store) makeFolder() error {
	if _, err := s.disk.Stat(s.dir); err == nil {
		return nil
	}
	if err := s.disk.MkdirAll(s.dir, 0o750); err != nil {
		return s.disk.explain(err, "the store's folder cannot be created")
	}
	parent, err := s.disk.OpenDir(filepath.Dir(s.dir))
	if err != nil {
		return fmt.Errorf("open the folder above the store: %w", err)
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// addTables does what AddTable does for each, but leaves a store alone that can only be read.
func (s *Store) addTables(tables []ingest.Table) error {
	if s.disk.trouble() != nil {
		return nil
	}
	cat := s.catalog.Load()
	for _, t := range tables {
		if have := cat.tables[t.Name]; have != nil && have.same(t) {
			continue
		}
		if err := s.AddTable(context.Background(), t); err != nil {
			return err
		}
	}
	return nil
}

// Tables returns the definitions of the store's tables, by name.
func (s *Store) Tables() []ingest.Table { return s.catalog.Load().definitions() }

// Stats returns what the store has done since it was opened.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	st := s.stats
	st.Sequence = s.durable
	s.mu.Unlock()
	if s.enter() != nil {
		return st
	}
	defer s.leave()
	m := s.db.Metrics()
	st.DiskBytes = m.DiskSpaceUsage()
	st.Memory = m.MemTable.Size + m.MemTable.ZombieSize + uint64(m.BlockCache.Size)
	return st
}

// enter keeps the engine open until leave. After Close it refuses. It must not be nested.
func (s *Store) enter() error {
	s.use.RLock()
	if s.gone {
		s.use.RUnlock()
		return errClosed()
	}
	return nil
}

func (s *Store) leave() { s.use.RUnlock() }

// Close waits for what was begun, and closes the folder. Later calls are refused as Transient.
func (s *Store) Close() (err error) {
	s.once.Do(func() {
		close(s.closed)
		s.done.Wait()
		s.use.Lock()
		s.gone = true
		s.use.Unlock()
		err = s.closeEngine()
	})
	return err
}

func (s *Store) closeEngine() error {
	err := s.db.Close()
	s.cache.Unref()
	if trouble := s.disk.trouble(); trouble != nil {
		return nil // it was told to every writer; what could not be written was not answered
	}
	if err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// errClosed answers a call that came after Close.
func errClosed() error { return fault.New(fault.Transient, "the store is closed") }
