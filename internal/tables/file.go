package tables

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// File is a data file of a snapshot.
type File struct {
	URL         string // logical location, s3://lake/…
	Path        string // the local file; of a lake in a bucket, where a copy of it belongs
	Rows        int64
	Size        int64  // bytes
	Dt          string // "2006-01-02"; empty where the table is not divided by day
	Region      string // empty where the table is not divided by region
	Bucket      int    // -1 where the table is not divided by bucket
	LowerCommit int64  // of its rows' _commit; 0 where the table has none
	UpperCommit int64

	manifest string
}

// NewFile is a data file that was written and is to become part of a table.
type NewFile struct {
	URL    string
	Rows   int64
	Size   int64
	Dt     string // as in File
	Region string
	Bucket int
	Stats  Stats
}

// Stats is what the writer of a file knows of its columns, by field id. Bounds are in Iceberg's single-value form.
type Stats struct {
	Sizes  map[int]int64 // compressed bytes
	Values map[int]int64 // values, nulls included
	Nulls  map[int]int64
	Lower  map[int][]byte
	Upper  map[int][]byte
	Splits []int64 // where row groups begin
}

// NewStats returns the statistics of a file whose row groups begin at splits, without columns yet.
func NewStats(splits []int64) Stats {
	return Stats{
		Sizes: map[int]int64{}, Values: map[int]int64{}, Nulls: map[int]int64{},
		Lower: map[int][]byte{}, Upper: map[int][]byte{}, Splits: splits,
	}
}

// Add adds a column by its field id. It keeps the bounds, which are nil where there are none.
func (s *Stats) Add(id int, size, values, nulls int64, lower, upper []byte) {
	s.Sizes[id], s.Values[id], s.Nulls[id] = size, values, nulls
	if lower != nil {
		s.Lower[id] = lower
	}
	if upper != nil {
		s.Upper[id] = upper
	}
}

func dataFile(files storage, spec iceberg.PartitionSpec, sortOrder int, f NewFile) (iceberg.DataFile, error) {
	part := map[int]any{}
	logical := map[int]string{}
	for _, field := range spec.Fields() {
		switch {
		case field.Name == schemas.ColDate:
			day, err := time.Parse(time.DateOnly, f.Dt)
			if err != nil {
				return nil, fault.New(fault.Invalid, "file %s: dt %q is not a day", f.URL, f.Dt)
			}
			part[field.FieldID], logical[field.FieldID] = iceberg.Date(day.Unix()/86400), "date"
		case field.Name == schemas.ColRegion:
			if f.Region == "" {
				return nil, fault.New(fault.Invalid, "file %s has no region", f.URL)
			}
			part[field.FieldID] = f.Region
		default:
			part[field.FieldID] = int32(f.Bucket)
		}
	}
	url, err := physical(files, f.URL)
	if err != nil {
		return nil, err
	}
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, url, iceberg.ParquetFile, part, logical, nil, f.Rows, f.Size)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", f.URL, err)
	}
	b.ColumnSizes(f.Stats.Sizes).ValueCounts(f.Stats.Values).NullValueCounts(f.Stats.Nulls)
	b.LowerBoundValues(f.Stats.Lower).UpperBoundValues(f.Stats.Upper)
	if len(f.Stats.Splits) > 0 {
		b.SplitOffsets(f.Stats.Splits)
	}
	if sortOrder > 0 {
		b.SortOrderID(sortOrder)
	}
	return b.Build(), nil
}

// file returns what a plan keeps of a data file. Column statistics are left in the manifest: they weigh too much.
func (s *Snapshot) file(df iceberg.DataFile, manifest string, commitID int) (File, error) {
	files := s.table.home.files()
	key, err := keyOf(files, df.FilePath())
	if err != nil {
		return File{}, err
	}
	f := File{URL: lake.URL(key), Path: files.local(key), Rows: df.Count(), Size: df.FileSizeBytes(), Bucket: -1, manifest: manifest}
	for id, value := range df.Partition() {
		switch v := value.(type) {
		case iceberg.Date:
			f.Dt = v.ToTime().Format(time.DateOnly)
		case string:
			f.Region = v
		case int32:
			f.Bucket = int(v)
		case nil: // another engine's rows may have no day or region
		default:
			return File{}, fmt.Errorf("file %s: partition field %d holds a %T", f.URL, id, value)
		}
	}
	if low, high := df.LowerBoundValues()[commitID], df.UpperBoundValues()[commitID]; len(low) == 8 && len(high) == 8 {
		f.LowerCommit, f.UpperCommit = int64(binary.LittleEndian.Uint64(low)), int64(binary.LittleEndian.Uint64(high))
	}
	return f, nil
}
