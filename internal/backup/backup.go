// Package backup keeps a copy of a data folder in another folder. Bodies are kept once, by their SHA-256, so a further
// backup copies only what is new; the manifest that names them is replaced in one step, last, so the backup before stays
// valid until then. Nothing is taken back that is not, byte for byte, what was put in.
package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Format is the version of the backups that this program writes.
const Format = 1

const (
	product      = "tarn-backup"
	manifestName = "tarn-backup.json"
	journalName  = "unfinished.jsonl" // what a backup that is under way, or was interrupted, has copied
	lockName     = "lock"
	objectsDir   = "objects"
	tempName     = "objects/.tmp" // the body that is being copied
)

// Item is a file that the backup is to hold.
type Item struct {
	Path string // in the data folder, with slashes
	From string // the file on this machine that holds it, and does not change
}

// File is a file that the backup holds.
type File struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // of the original, in nanoseconds: one that is the same need not be read again
	SHA256   string `json:"sha256"`
}

func (f File) object() string { return filepath.Join(objectsDir, f.SHA256[:2], f.SHA256) }

// About says of what a backup is.
type About struct {
	Folder  string           `json:"folder"` // identity of the data folder; not its place
	Format  int              `json:"folderFormat"`
	Made    time.Time        `json:"made"`    // the moment that it holds
	Version string           `json:"version"` // of the program
	Commits map[string]int64 `json:"commits"` // by table
	Archive int              `json:"archive"` // landed objects that were kept after their commit
}

// Manifest is what a finished backup holds.
type Manifest struct {
	About
	Files []File `json:"files"`
}

// written is the manifest's file. The sum is of the manifest's JSON without spaces.
type written struct {
	Product  string          `json:"product"`
	Format   int             `json:"format"`
	SHA256   string          `json:"sha256"`
	Manifest json.RawMessage `json:"manifest"`
}

// Bytes returns the size of all files.
func (m Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

func (m Manifest) encode() ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return json.Marshal(written{product, Format, hex.EncodeToString(sum[:]), text})
}

// Read returns the manifest of the newest finished backup in dir. NotFound: there is none. Invalid: it is damaged, or of
// a format that this program does not know.
func Read(dir string) (Manifest, error) {
	path := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, missing(dir)
	}
	if err != nil {
		return Manifest{}, wrap(err, "read %s", path)
	}
	return parse(path, text)
}

// missing says why there is no manifest.
func missing(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, journalName)); err == nil {
		return fault.New(fault.NotFound, "the backup in %s was interrupted before it was whole, and there is none before it: run `tarn backup %s` again, which goes on from there", dir, dir)
	}
	return fault.New(fault.NotFound, "there is no backup in %s: name the folder that was given to `tarn backup`", dir)
}

func parse(path string, text []byte) (m Manifest, err error) {
	var w written
	if err := json.Unmarshal(text, &w); err != nil || w.Product != product {
		return m, fault.Wrap(fault.Invalid, err, "%s is not the manifest of a backup, or it is damaged", path)
	}
	if w.Format != Format {
		return m, fault.New(fault.Invalid, "the backup in %s has format %d, and this program knows format %d: use a newer tarn", filepath.Dir(path), w.Format, Format)
	}
	sum := sha256.Sum256(w.Manifest)
	if hex.EncodeToString(sum[:]) != w.SHA256 {
		return m, fault.New(fault.Invalid, "%s is damaged: its text does not have the hash that it names; use another copy of the backup", path)
	}
	if err := json.Unmarshal(w.Manifest, &m); err != nil {
		return m, fault.Wrap(fault.Invalid, err, "%s cannot be read", path)
	}
	for _, f := range m.Files {
		if !fs.ValidPath(f.Path) || len(f.SHA256) != 2*sha256.Size {
			return m, fault.New(fault.Invalid, "%s names the file %q, which cannot be in a data folder", path, f.Path)
		}
	}
	return m, nil
}

// wrap gives an error of the operating system its kind.
func wrap(err error, format string, args ...any) error {
	return fault.WrapDisk(err, format, args...)
}
