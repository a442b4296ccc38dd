package columns

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/rle"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	magic               = "PAR1"
	createdBy           = "tarn version 1"
	defaultRowGroupRows = 100_000
)

// EncoderOptions tunes an Encoder. The zero value works.
type EncoderOptions struct {
	Codec        Codec
	RowGroupRows int      // rows of a row group; 0: 100,000
	PageRows     int      // rows of a page at most; 0: 20,000
	Bloom        []string // paths of leaves that get a bloom filter
	Delta        bool     // DELTA encodings, which not every engine reads
	Bare         bool     // no bounds and no page index, for files that only their maker reads
}

// Encoder makes Parquet files of batches. It is reusable and keeps its buffers; it is not safe for concurrent use. The
// same rows and options give the same bytes in every process (the compressors promise it for one processor family).
type Encoder struct {
	lay    *layout
	opt    EncoderOptions
	schema []byte      // the schema in the footer's form
	leaves []leafState // of the file being written, by leaf
	groups []group
	chunks []chunk // of every row group
	pages  []pageInfo
	bounds []byte // the pages' bounds

	begin   int   // where the file began in the buffer being appended to
	written int64 // bytes of the file that left the buffer earlier
	rows    int64
	err     error // what no reader of ours would take
	alone   bool  // one row group: parquet-go takes a column's codec from the first, so only then may chunks choose

	stats   []LeafStats
	offsets []int64
	single  []byte // the bounds in stats
	*tools
}

// tools is what encoders that take turns can share.
type tools struct {
	dict    dictionary
	comp    compressor
	meta    thriftWriter
	page    []byte // the page being assembled
	scratch []byte
	lengths []int32
	rle     [33]rle.Encoding // by bit width
	bloom   bloom.SplitBlockFilter
	free    [][]byte // files that were let go of
}

// leafState is what is fixed about a leaf, and what the file so far adds up to.
type leafState struct {
	path                   []byte // in the footer's form
	bloom                  bool
	size                   int64
	entries, nulls, values int64
	lo, hi                 []byte // plain
	leaf                   *Leaf  // of the layout, for its type
}

// group is a written row group.
type group struct {
	rows, start, packed, plain int64
}

// NewEncoder returns an encoder of batches of these columns. An unknown path in Bloom panics.
func NewEncoder(cols []schemas.Column, opt EncoderOptions) *Encoder {
	e := &Encoder{lay: newLayout(cols), opt: opt, single: make([]byte, 0, 16*len(cols)), tools: &tools{}} // an empty bound is not a missing one
	if e.opt.RowGroupRows <= 0 {
		e.opt.RowGroupRows = defaultRowGroupRows
	}
	e.opt.RowGroupRows = min(e.opt.RowGroupRows, maxRows)
	if e.opt.PageRows <= 0 {
		e.opt.PageRows = pageRows
	}
	for i := range e.rle {
		e.rle[i].BitWidth = i
	}
	w := thriftWriter{last: 1}
	writeSchema(&w, e.lay)
	e.schema = w.b
	for _, l := range e.lay.leaves {
		e.leaves = append(e.leaves, leafState{path: footerPath(l.node), leaf: l})
	}
	for _, p := range opt.Bloom {
		n := e.lay.nodes[p]
		if n == nil || len(n.Kids) > 0 {
			panic("columns: there is no leaf " + p + " for a bloom filter")
		}
		e.leaves[n.Leaves[0].at].bloom = n.Leaves[0].Kind != Bool
	}
	return e
}

// Encode appends to dst a whole Parquet file of the rows of b, which must have the encoder's layout. A row whose values in
// one column exceed 64 MiB is refused as Exceeded. The statistics' slices are valid until the encoder is used again; Clone
// keeps them.
func (e *Encoder) Encode(dst []byte, b *Batch) ([]byte, FileStats, error) {
	if err := e.accepts(b); err != nil {
		return dst, FileStats{}, err
	}
	e.reset(len(dst))
	e.alone = b.rows <= e.opt.RowGroupRows
	out := e.rowGroups(append(dst, magic...), b)
	if e.err != nil {
		return dst, FileStats{}, e.err
	}
	out = e.footer(out)
	return out, e.fileStats(e.at(out)), nil
}

func (e *Encoder) reset(begin int) {
	e.begin, e.written, e.rows, e.alone, e.err = begin, 0, 0, false, nil
	e.groups, e.chunks, e.pages, e.bounds = e.groups[:0], e.chunks[:0], e.pages[:0], e.bounds[:0]
	for i := range e.leaves {
		s := &e.leaves[i]
		s.size, s.entries, s.nulls, s.values, s.lo, s.hi = 0, 0, 0, 0, s.lo[:0], s.hi[:0]
	}
}

// at returns the offset in the file of the end of dst.
func (e *Encoder) at(dst []byte) int64 { return e.written + int64(len(dst)-e.begin) }

// accepts checks that the batch is what the encoder was made for, and whole.
func (e *Encoder) accepts(b *Batch) error {
	if b.layout != e.lay && !sameLeaves(b.layout, e.lay) {
		return fault.New(fault.Internal, "the batch has other columns than the encoder")
	}
	for _, l := range b.leaves {
		if l.MaxRep == 0 && l.entries() != b.rows || l.MaxRep > 0 && (len(l.Rep) != len(l.Def) || len(l.Def) < b.rows) {
			return fault.New(fault.Internal, "column %s has %d entries for %d rows", l.Path, l.entries(), b.rows)
		}
	}
	return nil
}

func sameLeaves(a, b *layout) bool {
	if len(a.leaves) != len(b.leaves) {
		return false
	}
	for i, l := range a.leaves {
		m := b.leaves[i]
		if l.Path != m.Path || l.Kind != m.Kind || l.Width != m.Width || l.MaxDef != m.MaxDef || l.MaxRep != m.MaxRep {
			return false
		}
	}
	return true
}

// rowGroups appends the rows of b as row groups of at most the size asked for.
func (e *Encoder) rowGroups(dst []byte, b *Batch) []byte {
	for from := 0; from < b.rows; from += e.opt.RowGroupRows {
		to := min(from+e.opt.RowGroupRows, b.rows)
		g := group{rows: int64(to - from), start: e.at(dst)}
		first := len(e.chunks)
		for i, l := range b.leaves {
			dst = e.chunk(dst, l, &e.leaves[i], l.span(from, to, b.rows), b.rows)
		}
		for i := range e.leaves {
			c := &e.chunks[first+i]
			g.packed += c.packed
			g.plain += c.plain
		}
		e.groups = append(e.groups, g)
		e.rows += g.rows
	}
	return dst
}

// footerPath returns the leaf's path as the footer's column metadata have it: a list of names.
func footerPath(n *Node) []byte {
	path := physicalPath(n)
	b := []byte{byte(len(path))<<4 | thriftBinary}
	if len(path) > 14 {
		b = binary.AppendUvarint([]byte{0xf0 | thriftBinary}, uint64(len(path)))
	}
	for _, p := range path {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	return b
}
