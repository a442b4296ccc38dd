// Package duckdb is the query engine on one machine: DuckDB over the lake's Parquet files, with a memory limit, without
// extensions, without the network, and with no file but the lake's.
package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
)

var _ query.Engine = (*Engine)(nil)

// Options tunes an engine. The zero value works, but for Dirs.
type Options struct {
	MemoryMB    int      // 0: 96
	Threads     int      // 0: 2
	TempDir     string   // where large questions spill; empty: they do not
	TempMB      int      // what they may spill; 0: 1024
	Dirs        []string // the only folders that files are read from
	Connections int      // questions at once; 0: 4
	AnswerMB    int      // text that one answer may hold; 0: 256
	// Hold, where set, is asked before a statement for the files that it reads: they must be there until release is
	// called. Nil: they are always there.
	Hold func(ctx context.Context, paths []string) (release func(), err error)
}

// Engine is DuckDB. It is safe for concurrent use.
type Engine struct {
	connector *duck.Connector
	idle      chan *session // every session that is not at work
	sessions  int
	hold      func(ctx context.Context, paths []string) (release func(), err error)
	closed    chan struct{}
	closing   sync.Once
}

// Open starts an engine.
func Open(opts Options) (*Engine, error) {
	opts = opts.filled()
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	e := &Engine{connector: connector, idle: make(chan *session, opts.Connections), hold: opts.Hold, closed: make(chan struct{})}
	for range opts.Connections {
		conn, err := connector.Connect(context.Background())
		if err != nil {
			return nil, fmt.Errorf("connect to duckdb: %w", fallible(err, e.Close()))
		}
		e.sessions++
		e.idle <- &session{conn: conn.(*duck.Conn), views: map[string]string{}, answerMB: opts.AnswerMB}
	}
	if err := e.configure(opts); err != nil {
		return nil, fallible(err, e.Close())
	}
	return e, nil
}

func fallible(err, closing error) error {
	if closing != nil {
		return fmt.Errorf("%w (and closing: %w)", err, closing)
	}
	return err
}

func (o Options) filled() Options {
	set := func(to *int, value int) {
		if *to == 0 {
			*to = value
		}
	}
	set(&o.MemoryMB, 96)
	set(&o.Threads, 2)
	set(&o.TempMB, 1024)
	set(&o.Connections, 4)
	set(&o.AnswerMB, 256)
	return o
}

// configure sets what holds for the whole database. The order matters: once external access is off nothing widens it, and
// at last nothing can be set at all.
func (e *Engine) configure(o Options) error {
	s := <-e.idle
	defer func() { e.idle <- s }()
	var dirs []string
	for _, d := range o.Dirs {
		dirs = append(dirs, quote(filepath.Clean(d)+string(filepath.Separator)))
	}
	settings := []string{
		"SET GLOBAL TimeZone = 'UTC'",
		fmt.Sprintf("SET GLOBAL memory_limit = '%dMiB'", o.MemoryMB),
		fmt.Sprintf("SET GLOBAL threads = %d", o.Threads),
		"SET GLOBAL autoinstall_known_extensions = false",
		"SET GLOBAL autoload_known_extensions = false",
		"SET GLOBAL allow_community_extensions = false",
		"SET GLOBAL parquet_metadata_cache = true",
		"SET GLOBAL temp_directory = " + quote(o.TempDir),
		fmt.Sprintf("SET GLOBAL max_temp_directory_size = '%dMiB'", o.TempMB),
		"SET GLOBAL allowed_directories = [" + strings.Join(dirs, ", ") + "]",
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL lock_configuration = true",
	}
	for _, text := range settings {
		if err := s.exec(context.Background(), text); err != nil {
			return fmt.Errorf("set up duckdb: %s: %w", text, err)
		}
	}
	return nil
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Close ends the engine once every question has been answered. It is the caller's to end those that take long.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		close(e.closed)
		for range e.sessions {
			s := <-e.idle
			err = errors.Join(err, s.conn.Close())
		}
		err = errors.Join(err, e.connector.Close())
	})
	return err
}

// Dialect is DuckDB's.
func (e *Engine) Dialect() plan.Dialect { return plan.DuckDB() }

// Run runs one statement.
func (e *Engine) Run(ctx context.Context, r query.Request) (*query.Result, error) {
	release, err := e.files(ctx, r.Relations)
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := e.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { e.idle <- s }()
	for _, rel := range r.Relations {
		if err := s.define(ctx, rel); err != nil {
			return nil, refusal(ctx, err)
		}
	}
	result, err := s.query(ctx, r.SQL, values(r.Args), r.MaxRows)
	if err != nil {
		return nil, refusal(ctx, err)
	}
	return result, nil
}

// files holds the files of the relations.
func (e *Engine) files(ctx context.Context, relations []query.Relation) (release func(), err error) {
	if e.hold == nil {
		return func() {}, nil
	}
	var paths []string
	for _, rel := range relations {
		for _, f := range rel.Files {
			paths = append(paths, f.Path)
		}
	}
	return e.hold(ctx, paths)
}

// take waits for a session that has nothing to do.
func (e *Engine) take(ctx context.Context) (*session, error) {
	select {
	case <-e.closed:
		return nil, fault.New(fault.Transient, "the query engine is shutting down")
	default:
	}
	select {
	case s := <-e.idle:
		return s, nil
	case <-e.closed:
		return nil, fault.New(fault.Transient, "the query engine is shutting down")
	case <-ctx.Done():
		return nil, refusal(ctx, ctx.Err())
	}
}

func values(args []any) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}

// refusal turns what DuckDB says into a fault.
func refusal(ctx context.Context, err error) error {
	if ctx.Err() == context.DeadlineExceeded {
		return fault.Wrap(fault.Exceeded, err, "the question took longer than it may: ask for a shorter range or a coarser grain")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault.Is(err, fault.Exceeded) {
		return err
	}
	var d *duck.Error
	if !asDuck(err, &d) {
		return fmt.Errorf("duckdb: %w", err)
	}
	if damaged(d) {
		return unread(err)
	}
	switch d.Type {
	case duck.ErrorTypeOutOfMemory:
		why, _, _ := strings.Cut(d.Msg, "\n") // what follows is about settings that nobody here can set
		return fault.Wrap(fault.Exceeded, errors.New(why), "the question needs more memory than it may use: ask for fewer rows or groups, or give questions more by TARN_QUERY_MEMORY_MB")
	case duck.ErrorTypeIO:
		return unread(err)
	case duck.ErrorTypeParser, duck.ErrorTypeSyntax, duck.ErrorTypeBinder, duck.ErrorTypeCatalog, duck.ErrorTypeConversion,
		duck.ErrorTypeMismatchType, duck.ErrorTypeOutOfRange, duck.ErrorTypeInvalidInput, duck.ErrorTypeInvalidType,
		duck.ErrorTypeDivideByZero, duck.ErrorTypeDecimal, duck.ErrorTypeExpression, duck.ErrorTypeParameterNotResolved:
		return fault.New(fault.Invalid, "%s", readable(d.Msg))
	}
	return fmt.Errorf("duckdb: %w", err)
}

// damaged reports whether a question failed because of what is in a file, which nobody who asks can do anything about: the name of a
// file stands in no other refusal, and its reader's own exceptions have no type.
func damaged(d *duck.Error) bool {
	return strings.HasPrefix(d.Msg, "Invalid Error: ") || d.Type == duck.ErrorTypeInvalidInput && strings.Contains(d.Msg, ".parquet")
}

// unread says that a file could not be read. It may have been merged into another meanwhile, so asking again may help.
func unread(err error) error {
	return fault.Wrap(fault.Transient, err, "a file of the lake could not be read: ask again; if it stays so, `tarn verify` names the file and `tarn repair` mends the lake")
}
