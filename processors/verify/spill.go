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

// rowsOfPart is how many records a part has, more or less: of only one part more than sums is in memory.
const (
	rowsOfPart = 250_000
	maxParts   = 256
	buckets    = 256 // of a part; where both sides' sums of one are equal, its records are not looked at
)

// entry is a record of one side: its key as the lake has it and, on the store's side, as the store has it.
type entry struct {
	Digest
	text, key []byte
}

// spill keeps one side's digests and keys in files by the key's digest, and a sum of each bucket.
type spill struct {
	files   []*os.File
	writers []*bufio.Writer
	sums    []Sum
	total   Sum
	head    [24]byte
}

// newSpill makes files in dir, "" for the system's own, that nobody else sees: they have no name.
func newSpill(dir string, rows int64) (*spill, error) {
	n := min(max(rows/rowsOfPart+1, 1), maxParts)
	s := &spill{sums: make([]Sum, n*buckets)}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder to compare in: %w", err)
		}
	}
	for range n {
		f, err := os.CreateTemp(dir, "verify-*")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make a file to compare with: %w", err), s.close())
		}
		s.files = append(s.files, f)
		s.writers = append(s.writers, bufio.NewWriterSize(f, 32<<10))
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *spill) close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// bucket returns the part of a key and its bucket in the whole.
func (s *spill) bucket(key uint64) (part, bucket int) {
	part = int(key % uint64(len(s.files)))
	return part, part*buckets + int(key>>56)
}

func (s *spill) add(e entry) error {
	part, bucket := s.bucket(e.Key)
	s.sums[bucket].Add(e.Digest)
	s.total.Add(e.Digest)
	w := s.writers[part]
	binary.LittleEndian.PutUint64(s.head[:], e.Key)
	binary.LittleEndian.PutUint64(s.head[8:], e.Row)
	binary.LittleEndian.PutUint32(s.head[16:], uint32(len(e.text)))
	binary.LittleEndian.PutUint32(s.head[20:], uint32(len(e.key)))
	for _, b := range [][]byte{s.head[:], e.text, e.key} {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("keep a record to compare with: %w", err)
		}
	}
	return nil
}

// differing returns the entries of a part's buckets of which the other side has another sum.
func (s *spill) differing(part int, other *spill) (all []entry, err error) {
	from := part * buckets
	if slices.Equal(s.sums[from:from+buckets], other.sums[from:from+buckets]) {
		return nil, nil
	}
	wanted := func(key uint64) bool {
		_, bucket := s.bucket(key)
		return s.sums[bucket] != other.sums[bucket]
	}
	return all, s.each(part, wanted, func(e entry) error {
		all = append(all, e.clone())
		return nil
	})
}

// each hands over the entries of a part whose keys are wanted. Their texts are only valid during the call.
func (s *spill) each(part int, wanted func(key uint64) bool, each func(entry) error) error {
	if err := s.writers[part].Flush(); err != nil {
		return fmt.Errorf("keep records to compare with: %w", err)
	}
	if _, err := s.files[part].Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the records to compare with: %w", err)
	}
	var body []byte
	for r := bufio.NewReaderSize(s.files[part], 64<<10); ; {
		e, err := readEntry(r, wanted, &body)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the records to compare with: %w", err)
		}
		if !wanted(e.Key) {
			continue
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

// clone returns an entry with texts of its own.
func (e entry) clone() entry {
	body := slices.Concat(e.text, e.key)
	e.text, e.key = body[:len(e.text):len(e.text)], body[len(e.text):]
	return e
}

// readEntry reads the next entry into body; one whose key is not wanted has no text.
func readEntry(r *bufio.Reader, wanted func(key uint64) bool, body *[]byte) (e entry, err error) {
	var head [24]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return e, err
	}
	e.Key, e.Row = binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])
	text, key := int(binary.LittleEndian.Uint32(head[16:])), int(binary.LittleEndian.Uint32(head[20:]))
	if !wanted(e.Key) {
		_, err := r.Discard(text + key)
		return e, err
	}
	*body = slices.Grow((*body)[:0], text+key)[:text+key]
	_, err = io.ReadFull(r, *body)
	e.text, e.key = (*body)[:text:text], (*body)[text:]
	return e, err
}

func order(a, b entry) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Row, b.Row)) }

// unpaired returns what one side has and the other has not. It sorts both.
func unpaired(store, lake []entry) (onlyStore, onlyLake []entry) {
	slices.SortFunc(store, order)
	slices.SortFunc(lake, order)
	for len(store) > 0 && len(lake) > 0 {
		switch c := order(store[0], lake[0]); {
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
