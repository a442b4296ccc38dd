package embedded

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	retryEvery = 250 * time.Millisecond // how soon a disk that had no room is tried again
	lookEvery  = 100 * time.Millisecond // how old the figure of free room may be
)

// disk stands between the engine and the file system. The engine takes a failed write of its log or manifest for fatal;
// here such a write waits instead, until there is room again or the store is closed, while the trouble is told to all
// who write: the store stays readable and goes on by itself. What no waiting can mend (an I/O error) waits until the
// close, so that nothing is taken for durable that is not.
type disk struct {
	vfs.FS
	inject  func(op, path string) error
	minFree int64
	dir     string
	closed  <-chan struct{}
	running atomic.Bool // opened: from now on failures wait

	mu      sync.Mutex
	cause   error // nil: no trouble
	last    error // the newest trouble, passed or not
	noted   time.Time
	forever bool
	waiters int           // writes that wait for the trouble to pass
	stopped chan struct{} // closed while there is trouble
	looked  time.Time
	free    int64
}

func newDisk(fs vfs.FS, dir string, opts Options, closed <-chan struct{}) *disk {
	return &disk{FS: fs, inject: opts.Inject, minFree: opts.MinFree, dir: dir, closed: closed, stopped: make(chan struct{})}
}

// do runs one change of a file, again and again while that may help.
func (d *disk) do(op, path string, change func() error) error {
	waited := false
	for {
		err := d.try(op, path, change)
		if err == nil {
			if waited {
				d.pass()
			}
			return nil
		}
		if !d.running.Load() {
			return err
		}
		if !essential(path) {
			d.pause(err)
			return err
		}
		if !waited {
			d.enter(err)
			waited = true
		}
		if !d.wait(curable(err)) {
			return err
		}
	}
}

func (d *disk) try(op, path string, change func() error) error {
	if d.inject != nil {
		if err := d.inject(op, path); err != nil {
			return err
		}
	}
	return change()
}

// enter notes trouble that a write will wait out.
func (d *disk) enter(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiters++
	d.note(err)
}

// pass notes that a write that waited is done. The trouble is over with the last of them.
func (d *disk) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiters--; d.waiters == 0 {
		d.clear()
	}
}

// note needs the lock.
func (d *disk) note(err error) {
	if d.cause == nil {
		close(d.stopped)
	}
	if !d.forever {
		d.cause, d.last, d.forever, d.noted = err, err, !curable(err), time.Now()
	}
}

// clear needs the lock.
func (d *disk) clear() {
	if d.cause != nil && !d.forever {
		d.cause, d.stopped = nil, make(chan struct{})
	}
}

// pause slows down the engine's own repetition of a flush or compaction that failed, and keeps writes away meanwhile.
func (d *disk) pause(err error) {
	d.mu.Lock()
	d.note(err)
	d.mu.Unlock()
	d.wait(true)
}

// wait returns false when there is nothing to wait for any more.
func (d *disk) wait(again bool) bool {
	var timer <-chan time.Time
	if again {
		t := time.NewTimer(retryEvery)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
		return true
	case <-d.closed:
		return false
	}
}

// fail notes trouble that only a new opening can end.
func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause == nil {
		close(d.stopped)
	}
	d.cause, d.last, d.forever = err, err, true
}

// catch keeps the process alive when the engine panics over a write that could not be made.
func (d *disk) catch() {
	p := recover()
	if p == nil {
		return
	}
	err, ok := p.(error)
	if !ok || d.trouble() == nil {
		panic(p)
	}
	d.fail(err)
}

func (d *disk) trouble() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cause
}

// broken reports trouble after which nothing may be answered as durable.
func (d *disk) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.forever
}

// stuck returns a channel that is closed while there is trouble.
func (d *disk) stuck() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

// refuse returns the error for a write that is not even begun, nil where there is no trouble.
func (d *disk) refuse() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil && d.waiters == 0 && time.Since(d.noted) > 2*retryEvery && d.room() {
		d.clear() // a flush or compaction had failed, and has not failed again
	}
	if d.cause == nil {
		return nil
	}
	return d.explain(d.cause, "the store cannot be written now")
}

// errUnknown answers a write that was begun when the trouble came.
func (d *disk) errUnknown() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.explain(d.last, "whether this write was kept is not known")
}

// explain gives a failure of the disk its kind.
func (d *disk) explain(err error, what string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.Full, err, "the disk is full, %s; make room in %s", what, d.dir)
	case curable(err):
		return fault.Wrap(fault.ReadOnly, err, "%s cannot be written, %s; check its owner and mount", d.dir, what)
	case fault.Of(err) != fault.Internal:
		return err
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

func (d *disk) errLow() error {
	return fault.New(fault.Full, "less than %d MB are free in %s; make room there", d.minFree>>20, d.dir)
}

// low reports whether there is too little room to take writes.
func (d *disk) low() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.room()
}

// room needs the lock. A figure that cannot be had is no reason to stop.
func (d *disk) room() bool {
	if d.minFree < 0 {
		return true
	}
	if now := time.Now(); d.looked.IsZero() || now.Sub(d.looked) > lookEvery {
		usage, err := d.FS.GetDiskUsage(d.dir)
		if err != nil {
			return true
		}
		d.looked, d.free = now, int64(min(usage.AvailBytes, 1<<62))
	}
	return d.free >= d.minFree
}

// curable reports whether a failure can pass without the engine's doing.
func curable(err error) bool {
	for _, c := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}
