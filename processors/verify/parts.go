package verify

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// rowsOfPart is how many records a part has, more or less: only one part is in memory.
const (
	rowsOfPart = 250_000
	maxParts   = 256
)

// entry is a record of one side. Key is its key in the store, as one text; nil on the lake's side.
type entry struct {
	Digest
	key []byte
}

// parts keeps the store's side in files by the key's digest, so that only one part of it is ever in memory.
type parts struct {
	files   []*os.File
	writers []*bufio.Writer
	head    [20]byte
}

// newParts makes files in dir, "" for the system's own, that nobody else sees: they have no name.
func newParts(dir string, rows int64) (*parts, error) {
	n := min(max(rows/rowsOfPart+1, 1), maxParts)
	p := &parts{}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder to compare in: %w", err)
		}
	}
	for range n {
		f, err := os.CreateTemp(dir, "verify-*")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make a file to compare with: %w", err), p.close())
		}
		p.files = append(p.files, f)
		p.writers = append(p.writers, bufio.NewWriterSize(f, 16<<10))
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

func (p *parts) close() error {
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (p *parts) add(e entry) error {
	w := p.writers[e.Key%int64(len(p.files))]
	binary.LittleEndian.PutUint64(p.head[:], uint64(e.Key))
	binary.LittleEndian.PutUint64(p.head[8:], uint64(e.Row))
	binary.LittleEndian.PutUint32(p.head[16:], uint32(len(e.key)))
	if _, err := w.Write(p.head[:]); err != nil {
		return fmt.Errorf("keep a record to compare with: %w", err)
	}
	_, err := w.Write(e.key)
	return err
}

// read returns a part's records.
func (p *parts) read(part int) ([]entry, error) {
	f := p.files[part]
	if err := p.writers[part].Flush(); err != nil {
		return nil, fmt.Errorf("keep records to compare with: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read the records to compare with: %w", err)
	}
	var all []entry
	for len(body) > 0 {
		n := int(binary.LittleEndian.Uint32(body[16:]))
		all = append(all, entry{Digest{int64(binary.LittleEndian.Uint64(body)), int64(binary.LittleEndian.Uint64(body[8:]))}, body[20 : 20+n : 20+n]})
		body = body[20+n:]
	}
	return all, nil
}

func order(a, b Digest) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Row, b.Row)) }

// unpaired returns what one side has and the other has not. It sorts both.
func unpaired(store []entry, lake []Digest) (onlyStore []entry, onlyLake []Digest) {
	slices.SortFunc(store, func(a, b entry) int { return order(a.Digest, b.Digest) })
	slices.SortFunc(lake, order)
	for len(store) > 0 && len(lake) > 0 {
		switch c := order(store[0].Digest, lake[0]); {
		case c < 0:
			onlyStore, store = append(onlyStore, store[0]), store[1:]
		case c > 0:
			onlyLake, lake = append(onlyLake, lake[0]), lake[1:]
		default:
			store, lake = store[1:], lake[1:]
		}
	}
	return append(onlyStore, store...), append(onlyLake, lake...)
}
