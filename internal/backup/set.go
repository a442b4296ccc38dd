package backup

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Options tune a backup or its way back. The zero value works.
type Options struct {
	Tell func(done, total int64) // bytes looked at so far
	// Before, where set, is called before each step that touches the disk ("write", "sync", "publish") with the file's
	// path. Its error is taken for the disk's own.
	Before func(step, path string) error
}

func (o Options) filled() Options {
	if o.Tell == nil {
		o.Tell = func(int64, int64) {}
	}
	if o.Before == nil {
		o.Before = func(string, string) error { return nil }
	}
	return o
}

// Set is a folder of backups of one data folder, to which the next one is being added.
type Set struct {
	dir      string
	opts     Options
	lock     *os.File
	journal  *os.File
	known    map[string]File // copied before, by path
	again    bool            // an interrupted backup is gone on with
	manifest Manifest
	report   Report
}

// Report is what a backup did, or a restore.
type Report struct {
	Manifest Manifest `json:"-"`
	About    About    `json:"about"`
	Files    int      `json:"files"` // in the backup
	Bytes    int64    `json:"bytes"`
	Copied   int      `json:"filesCopied"` // now; others were there already
	Wrote    int64    `json:"bytesCopied"`
	Removed  int      `json:"filesRemoved"` // bodies that only the backup before needed
	Resumed  bool     `json:"resumed"`      // it went on where another was interrupted
}

// Open begins a backup in dir, which is new, empty, or holds backups of the same data folder. The caller closes it.
func Open(dir, folder string, o Options) (*Set, error) {
	if err := os.MkdirAll(filepath.Join(dir, objectsDir), 0o700); err != nil {
		return nil, wrap(err, "make the backup's folder %s", dir)
	}
	s := &Set{dir: dir, opts: o.filled(), known: map[string]File{}}
	var err error
	if s.lock, err = hold(dir, unix.LOCK_EX); err != nil {
		return nil, err
	}
	if err = s.before(folder); err == nil { // a refused folder gets no journal
		err = s.resume(folder)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// hold locks the folder against others who back up to it or restore from it.
func hold(dir string, how int) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, wrap(err, "open %s", path)
	}
	if err := unix.Flock(int(lock.Fd()), how|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Conflict, err, "another process backs up to %s or restores from it: wait for it", dir), lock.Close())
	}
	return lock, nil
}

// before learns what the last finished backup holds.
func (s *Set) before(folder string) error {
	m, err := Read(s.dir)
	if fault.Is(err, fault.NotFound) {
		return s.strange()
	}
	if err != nil {
		return err
	}
	if m.Folder != folder {
		return other(s.dir)
	}
	for _, f := range m.Files {
		s.known[f.Path] = f
	}
	return nil
}

func other(dir string) error {
	return fault.New(fault.Conflict, "%s holds backups of another data folder: name a folder of its own for each", dir)
}

// strange refuses a folder with something else in it.
func (s *Set) strange() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return wrap(err, "read %s", s.dir)
	}
	ours := []string{lockName, objectsDir, journalName, manifestName + ".tmp", "lost+found"}
	for _, e := range entries {
		if !slices.Contains(ours, e.Name()) {
			return fault.New(fault.Invalid, "%s holds %s and no backup: name an empty or new folder", s.dir, e.Name())
		}
	}
	return nil
}

// resume learns what an interrupted backup has copied, and opens the journal. A line that was torn is not believed.
func (s *Set) resume(folder string) error {
	path := filepath.Join(s.dir, journalName)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap(err, "read %s", path)
	}
	if first, rest, ok := strings.Cut(string(text), "\n"); ok {
		var about About
		if err := json.Unmarshal([]byte(first), &about); err != nil || about.Folder != folder {
			return other(s.dir)
		}
		s.again = true
		lines := bufio.NewScanner(strings.NewReader(rest))
		for lines.Scan() {
			var f File
			if json.Unmarshal(lines.Bytes(), &f) == nil && len(f.SHA256) == 64 {
				s.known[f.Path] = f
			}
		}
	}
	if s.journal, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return wrap(err, "write %s", path)
	}
	if s.again {
		_, err = s.journal.WriteString("\n") // ends a torn line
		return wrapped(err, "write %s", path)
	}
	return s.note(About{Folder: folder})
}

func wrapped(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return wrap(err, format, args...)
}

func (s *Set) note(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = s.journal.Write(append(line, '\n'))
	}
	return wrapped(err, "write %s", s.journal.Name())
}

// Close lets go of the folder. What was copied stays, and the next backup goes on from there.
func (s *Set) Close() error {
	var err error
	if s.journal != nil {
		err = s.journal.Close()
	}
	return errors.Join(err, s.lock.Close())
}
