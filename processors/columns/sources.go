package columns

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Sources is Parquet files whose rows go into other files in another order. It reads one column of all files at a time,
// so its memory is the files' footers and one column. Leaves are matched by field id, as AppendFrom matches them. A row's
// number counts the rows of the files in the order in which they were added. It is not safe for concurrent use.
type Sources struct {
	batch *Batch // where the column at hand is, and the files' plans
	hands []hand // that gather and encode it
	pages pageReader
	files []source
	rows  int
	buf   []byte // a chunk as it is in its file

	kept   *Batch           // whose columns need not be read again
	held   Leaf             // memory that columns take turns in
	lists  map[*Node]uint32 // checksums of where the lists' rows begin
	schema schemaCache
}

// source is one file, or a run of its rows.
type source struct {
	file     *File
	plan     *plan
	from, to int64 // rows
}

// NewSources returns sources of no file yet, for rows of these columns.
func NewSources(cols []schemas.Column) *Sources {
	return &Sources{batch: New(cols), lists: map[*Node]uint32{}}
}

// Fill lets a file lack the required column: its rows get zeros, which Set replaces.
func (s *Sources) Fill(path string) { s.batch.Leaf(path).Fill = true }

// Rows returns how many rows there are.
func (s *Sources) Rows() int { return s.rows }

// Add adds a file, which must stay readable as long as the sources are used.
func (s *Sources) Add(r io.ReaderAt, size int64) error {
	f, err := s.Open(r, size)
	if err != nil {
		return err
	}
	return s.AddRows(f, 0, f.rows)
}

// AddBytes adds a file that is in memory. It keeps body.
func (s *Sources) AddBytes(body []byte) error {
	f, err := openBytes(body, &s.schema)
	if err != nil {
		return err
	}
	return s.AddRows(f, 0, f.rows)
}

// Open opens a file as the function does, and shares what files of one table have in common.
func (s *Sources) Open(r io.ReaderAt, size int64) (*File, error) { return open(r, size, &s.schema) }

// OpenApart is Open of a file of which nothing but the footer is held, however small it is.
func (s *Sources) OpenApart(r io.ReaderAt, size int64) (*File, error) {
	return (&File{r: r, size: size}).begin(&s.schema)
}

// AddRows adds rows from..to of an open file.
func (s *Sources) AddRows(f *File, from, to int64) error {
	p, err := s.batch.planFor(f.lay)
	if err != nil {
		return err
	}
	if int64(s.rows)+to-from > maxSourceRows {
		return fault.New(fault.Exceeded, "%d rows are too many to be put in order at once", int64(s.rows)+to-from)
	}
	s.files = append(s.files, source{f, p, from, to})
	s.rows += int(to - from)
	return nil
}

const maxSourceRows = 1<<31 - 1

// Reset drops the files and keeps the memory.
func (s *Sources) Reset() {
	clear(s.files)
	s.files, s.rows, s.kept = s.files[:0], 0, nil
	clear(s.lists)
	s.batch.Reset()
}

// Truncate takes the sources back to that many files.
func (s *Sources) Truncate(files int) {
	for _, f := range s.files[files:] {
		s.rows -= int(f.to - f.from)
	}
	clear(s.files[files:])
	s.files = s.files[:files]
}

// Files returns how many files there are.
func (s *Sources) Files() int { return len(s.files) }

// Keys reads the given flat columns of every row into b, which must be empty and of the same columns. Its other columns
// stay empty, so b serves to sort and to compare, not to be encoded.
func (s *Sources) Keys(b *Batch, paths ...string) error {
	for _, path := range paths {
		l := b.Leaf(path)
		if l == nil || l.MaxRep > 0 {
			return fault.New(fault.Internal, "%s is no column to sort by", path)
		}
		if err := s.load(l); err != nil {
			return err
		}
	}
	b.rows = s.rows
	return nil
}

// repeat makes the leaf, a required int64, n times the same number.
func (l *Leaf) repeat(v int64, n int) {
	if l.Kind != Int64 || l.MaxDef > 0 {
		panic("columns: " + l.Path + " is not a required int64")
	}
	l.dict = &Leaf{Kind: Int64, Int64s: []int64{v}}
	l.ids = append(l.ids, make([]int32, n)...)
}

// take moves the memory of another leaf, whose values are no longer needed, to l.
func (l *Leaf) take(o *Leaf) {
	l.Bools, l.Int32s, l.Int64s, l.Arena, l.Offsets = o.Bools, o.Int32s, o.Int64s, o.Arena, o.Offsets
	l.Def, l.Rep, l.ids, l.picked, l.index = o.Def, o.Rep, o.ids, o.picked, o.index
	o.Bools, o.Int32s, o.Int64s, o.Arena, o.Offsets = nil, nil, nil, nil, nil
	o.Def, o.Rep, o.ids, o.picked, o.index, o.dict = nil, nil, nil, nil, index{}, nil
	l.reset()
}

// load reads the leaf of every file into l, which is the leaf at that place of a batch of the same columns.
func (s *Sources) load(l *Leaf) error {
	var c *coder
	if s.coded(l.at) {
		c = newCoder(l.Kind, l.Width)
		l.dict = c.dict
	}
	s.grow(l)
	for i := range s.files {
		if err := s.loadFile(l, &s.files[i], c); err != nil {
			return err
		}
	}
	if l.MaxRep > 0 {
		return s.agrees(l)
	}
	return nil
}

// codedEntry is how many bytes of dictionaries an entry may have, compressed, for numbers to be worth their look-ups.
const codedEntry = 2

// coded reports whether the leaf is better read as numbers of distinct values: most of it lies so in the files, and the
// values are few.
func (s *Sources) coded(leaf int) bool {
	var with, all, size int64
	for i := range s.files {
		f := &s.files[i]
		st := &f.plan.steps[leaf]
		if st.src == nil || !st.same || st.defs != nil || st.src.Kind == Bool {
			return false
		}
		for g := range f.file.groups {
			c := &f.file.groups[g].chunks[st.src.at]
			all += c.entries
			if c.hasDictionary {
				with += c.entries
				size += c.dataAt - c.begin()
			}
		}
	}
	return with > all-all/4 && size < codedEntry*all
}

// grow makes room for what the footers promise.
func (s *Sources) grow(l *Leaf) {
	var plain int64
	for i := range s.files {
		if st := &s.files[i].plan.steps[l.at]; st.src != nil && l.dict == nil && l.Kind == Bytes {
			for g := range s.files[i].file.groups {
				plain += s.files[i].share(s.files[i].file.groups[g].chunks[st.src.at].plain)
			}
		}
	}
	l.reserve(s.rows, int(min(plain, maxArena)))
}

func (l *Leaf) reserve(n, text int) {
	if l.MaxDef > 0 {
		l.Def = roomFor(l.Def, n)
	}
	if l.MaxRep > 0 {
		l.Rep = roomFor(l.Rep, n)
	}
	switch {
	case l.dict != nil:
		l.ids = roomFor(l.ids, n)
	case l.Kind == Bool:
		l.Bools = roomFor(l.Bools, n)
	case l.Kind == Int32:
		l.Int32s = roomFor(l.Int32s, n)
	case l.Kind == Int64:
		l.Int64s = roomFor(l.Int64s, n)
	case l.Kind == Fixed:
		l.Arena = roomFor(l.Arena, n*l.Width)
	default:
		l.Arena, l.Offsets = roomFor(l.Arena, text), roomFor(l.Offsets, n+1)
	}
}

// roomFor returns an empty or short slice with room for n in all, and no more than that.
func roomFor[T any](v []T, n int) []T {
	if cap(v) >= n {
		return v
	}
	return append(make([]T, 0, n), v...)
}

// loadFile appends the file's rows of the leaf.
func (s *Sources) loadFile(l *Leaf, f *source, c *coder) error {
	st := &f.plan.steps[l.at]
	before := int64(0)
	for g := range f.file.groups {
		rows := f.file.groups[g].rows
		from, to := max(f.from-before, 0), min(f.to-before, rows)
		before += rows
		if from >= to {
			continue
		}
		if err := s.loadGroup(l, f, st, g, from, to, c); err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
	}
	return nil
}

func (s *Sources) loadGroup(l *Leaf, f *source, st *step, g int, from, to int64, c *coder) (err error) {
	defer tame(&err)
	group := &f.file.groups[g]
	if st.src == nil {
		return s.fill(l, f, g, from, to)
	}
	if c != nil {
		return s.chunk(l, f, group, st.src.at, from, to, c)
	}
	if st.same && st.defs == nil {
		return s.chunk(l, f, group, st.src.at, from, to, nil)
	}
	st.src.reset()
	if err := s.chunk(st.src, f, group, st.src.at, from, to, nil); err != nil {
		return err
	}
	at := len(l.Def)
	l.copyLevels(st, 0, st.src.entries())
	if err := l.checkLevels(st, at); err != nil {
		return err
	}
	return l.copyValues(st, 0, st.src.Len())
}

// fill gives the leaf, which the file lacks, what its siblings imply, or null, or zero.
func (s *Sources) fill(l *Leaf, f *source, g int, from, to int64) error {
	n := int(to - from)
	if l.MaxDef == 0 {
		l.appendZeros(n)
		return nil
	}
	here := s.batch.leaves[l.at]
	node, sibling := here.relative(f.plan)
	if sibling == nil {
		l.Def = appendN(l.Def, 0, n)
		if l.MaxRep > 0 {
			l.Rep = appendN(l.Rep, 0, n)
		}
		return nil
	}
	st := &f.plan.steps[sibling.at]
	like := &Leaf{Kind: sibling.Kind, Width: sibling.Width, Path: sibling.Path, Column: sibling.Column, MaxDef: sibling.MaxDef, MaxRep: sibling.MaxRep, at: sibling.at}
	like.reset()
	if err := s.loadGroup(like, f, st, g, from, to, nil); err != nil {
		return err
	}
	l.shadow(like, 0, like.entries(), node)
	return nil
}

// chunk appends rows from..to of a column chunk.
func (s *Sources) chunk(l *Leaf, f *source, g *fileGroup, leaf int, from, to int64, c *coder) error {
	ch := &g.chunks[leaf]
	f.file.buf, s.buf = s.buf, nil // one for all files
	data, err := f.file.section(ch.begin(), ch.packed)
	s.buf, f.file.buf = f.file.buf, nil
	if err != nil {
		return err
	}
	s.pages.coder = c
	defer func() { s.pages.coder = nil }()
	if from == 0 && to == g.rows {
		return s.pages.read(l, ch, data, g.rows)
	}
	return s.pages.readRows(l, ch, data, g.rows, from, to)
}

// agrees checks that the leaves of each list or map tell the same rows apart.
func (s *Sources) agrees(l *Leaf) error {
	for n := l.node; n != nil; n = n.parent {
		if n.Column.Elem == nil || l.MaxRep != n.Rep+1 {
			continue
		}
		sum := crc32.ChecksumIEEE(l.Rep) | 1
		if was, ok := s.lists[n]; ok && was != sum {
			return fault.New(fault.Invalid, "column %s of the Parquet files disagrees with its siblings about their lists", l.Path)
		}
		s.lists[n] = sum
	}
	return nil
}
