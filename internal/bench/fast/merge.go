package fast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	pq "github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/bench/baseline"
)

// identity is what the files are sorted by and what equal rows are equal in.
var identity = []string{"district", "thana", "_at", "_seq", "_shard", "_op"}

// dataFiles returns the data files of a lake whose table was only appended to.
func dataFiles(root string) ([]string, error) {
	return filepath.Glob(filepath.Join(root, "tables", "*", "data", "*", "*", "*.parquet"))
}

// mergeWithParquetGo merges sorted files with parquet-go's merge of row groups and drops equal rows.
func mergeWithParquetGo(_ context.Context, args []string) (n int64, err error) {
	paths, err := dataFiles(args[0])
	if err != nil {
		return 0, err
	}
	var groups []pq.RowGroup
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		file, err := pq.OpenFile(f, info.Size(), pq.SkipBloomFilters(true))
		if err != nil {
			return 0, fmt.Errorf("open %s: %w", p, err)
		}
		groups = append(groups, file.RowGroups()...)
	}
	var order []pq.SortingColumn
	for _, name := range identity {
		order = append(order, pq.Ascending(name)) // nulls last, as the files have them
	}
	merged, err := pq.MergeRowGroups(groups, pq.SortingRowGroupConfig(pq.SortingColumns(order...)))
	if err != nil {
		return 0, err
	}
	return writeDistinct(filepath.Join(args[0], "merged.parquet"), merged, order)
}

func writeDistinct(path string, merged pq.RowGroup, order []pq.SortingColumn) (n int64, err error) {
	out, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Sync(), out.Close()) }()
	w := pq.NewWriter(out, merged.Schema(), pq.Compression(&pq.Zstd), pq.MaxRowsPerRowGroup(100_000), pq.DataPageVersion(1))
	rows := merged.Rows()
	defer rows.Close()
	n, err = pq.CopyRows(w, pq.DedupeRowReader(struct{ pq.RowReader }{rows}, merged.Schema().Comparator(order...)))
	if err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	return n, w.Close()
}

// mergeWithDuckDB merges with one statement, and so much memory as DuckDB likes.
func mergeWithDuckDB(ctx context.Context, args []string) (int64, error) {
	paths, err := dataFiles(args[0])
	if err != nil {
		return 0, err
	}
	duck, err := baseline.NewDuck(ctx, 1, "16GB", args[0])
	if err != nil {
		return 0, err
	}
	defer duck.Close()
	path := filepath.Join(args[0], "merged.parquet")
	err = duck.Exec(ctx, "COPY (SELECT DISTINCT ON (_shard, _seq, _op) * FROM read_parquet(['"+strings.Join(paths, "', '")+"'], hive_partitioning = false) ORDER BY "+
		strings.Join(identity, ", ")+") TO '"+path+"' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)")
	if err != nil {
		return 0, err
	}
	return rowsOf(path)
}

func rowsOf(path string) (n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	file, err := pq.OpenFile(f, info.Size())
	if err != nil {
		return 0, err
	}
	return file.NumRows(), nil
}
