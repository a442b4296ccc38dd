// Package folder is a data folder: who has it, which format it is in, its secret, and how much room is left.
package folder

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Format is the version of the data folder that this program writes.
const Format = 1

const (
	markName   = "tarn.json"
	lockName   = "lock"
	secretName = "secret"
	tempSuffix = ".tmp" // of a file that is being written
)

// Folder is a data folder that this process has to itself until Close.
type Folder struct {
	root   string
	lock   *os.File
	secret []byte
}

// Running is what a process that has a folder tells those who come after it.
type Running struct {
	PID   int    `json:"pid"`
	URL   string `json:"url,omitempty"`   // where it answers
	Token string `json:"token,omitempty"` // how to be let in
}

type mark struct {
	Product string `json:"product"`
	Format  int    `json:"format"`
}

// Open makes the folder if there is none, takes its lock and brings an older format up to date after a copy. A newer
// format is Invalid; a folder that another process has is a Conflict; one that cannot be written is ReadOnly or Full.
func Open(root string) (*Folder, error) { return open(root, upgrades) }

func open(root string, steps map[int]upgrade) (*Folder, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, wrap(err, "make the data folder %s", root)
	}
	if err := foreign(root); err != nil { // before the lock, which would be left in somebody else's folder
		return nil, err
	}
	lock, err := take(filepath.Join(root, lockName))
	if err != nil {
		return nil, err
	}
	f := &Folder{root: root, lock: lock}
	if err := f.ready(steps); err != nil {
		return nil, errors.Join(err, release(lock))
	}
	return f, nil
}

func (f *Folder) ready(steps map[int]upgrade) error {
	if err := f.checkFormat(steps); err != nil {
		return err
	}
	secret, err := loadSecret(f.Path(secretName))
	f.secret = secret
	return err
}

// Root returns the folder's path.
func (f *Folder) Root() string { return f.root }

// Path returns the path of something in the folder.
func (f *Folder) Path(elem ...string) string {
	return filepath.Join(append([]string{f.root}, elem...)...)
}

// Key returns 32 bytes that only this folder knows, for one purpose.
func (f *Folder) Key(purpose string) []byte {
	mac := hmac.New(sha256.New, f.secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Keep writes a small file into the folder, durably.
func (f *Folder) Keep(name string, body []byte) error { return writeDurably(f.Path(name), body, 0o644) }

// Announce writes into the lock file where this process answers.
func (f *Folder) Announce(r Running) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := f.lock.Truncate(0); err != nil {
		return wrap(err, "write the lock file")
	}
	if _, err := f.lock.WriteAt(append(text, '\n'), 0); err != nil {
		return wrap(err, "write the lock file")
	}
	return nil
}

// Close gives the folder back.
func (f *Folder) Close() error {
	return errors.Join(f.lock.Truncate(0), release(f.lock))
}

// release unlocks a lock file and closes it. Closing alone does not unlock it for as long as a child process has it too, as
// one has between its fork and its program.
func release(lock *os.File) error {
	return errors.Join(unix.Flock(int(lock.Fd()), unix.LOCK_UN), lock.Close())
}

// Marked reports whether there is a data folder at root, of whatever format.
func Marked(root string) bool {
	_, err := os.Stat(filepath.Join(root, markName))
	return err == nil
}

// Who returns the process that has the folder, and whether one has.
func Who(root string) (Running, bool, error) {
	path := filepath.Join(root, lockName)
	file, err := os.Open(path) // reading suffices, also where nothing can be written
	if errors.Is(err, os.ErrNotExist) {
		return Running{}, false, nil
	}
	if errors.Is(err, unix.ENOTDIR) {
		return Running{}, false, fault.New(fault.Invalid, "%s is a file, not a data folder: name a folder with --data or TARN_DATA", root)
	}
	if err != nil {
		return Running{}, false, wrap(err, "open %s", path)
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return Running{}, false, release(file)
	}
	return readRunning(path), true, file.Close()
}

func readRunning(path string) Running {
	var r Running
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &r) // a lock just taken is still empty: the zero Running says so
	}
	return r
}

func take(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, wrap(err, "open the lock file %s", path)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, wrap(err, "lock %s", path)
	}
	r := readRunning(path)
	return nil, fault.New(fault.Conflict, "the data folder %s is in use by process %d (%s): ask that process, stop it, or choose another folder with --data",
		filepath.Dir(path), r.PID, r.URL)
}

func loadSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) == 32 {
		return secret, nil
	}
	if err == nil {
		return nil, fault.New(fault.Invalid, "%s has %d bytes instead of 32: put back the right one from a copy, or sessions and masked values no longer match", path, len(secret))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, wrap(err, "read %s", path)
	}
	secret = make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	return secret, writeDurably(path, secret, 0o600)
}
