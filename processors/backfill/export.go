// Package backfill reads what DynamoDB exports to S3 as snapshot rows: full exports and incremental ones, whose manifests
// say how many items there are and what bytes they are in.
package backfill

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Export is an export in a folder, with its manifests. It is read-only.
type Export struct {
	ID    string    // the name of its folder
	Full  bool      // it holds every item of the table as of At; else what changed up to At
	At    time.Time // UTC, cut to the second
	Items int64
	root  string
	files []dataFile
}

type dataFile struct {
	Items int64  `json:"itemCount"`
	MD5   string `json:"md5Checksum"`
	Key   string `json:"dataFileS3Key"`
}

// Record is one line of an export.
type Record struct {
	Item json.RawMessage // DynamoDB JSON: the item, or only its keys where it is gone
	At   time.Time       // when it was so, UTC, cut to the second
	Gone bool
}

const maxLine = 4 << 20 // an item has 400 KB; its JSON may be longer

// OpenExport opens the export whose manifest-summary.json is in the folder, and checks the bytes of all its files.
func OpenExport(dir string) (*Export, error) {
	text, err := os.ReadFile(filepath.Join(dir, "manifest-summary.json"))
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "%s is no export: name the folder with manifest-summary.json, AWSDynamoDB/<export id>", dir)
	}
	var s struct {
		ExportTime, ExportToTime time.Time
		ExportType, OutputFormat string
		ItemCount                int64
		ManifestFilesS3Key       string
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "manifest-summary.json in %s cannot be read", dir)
	}
	if s.OutputFormat != "" && s.OutputFormat != "DYNAMODB_JSON" {
		return nil, fault.New(fault.Invalid, "the export has the format %s; export it as DYNAMODB_JSON", s.OutputFormat)
	}
	e := &Export{ID: filepath.Base(filepath.Clean(dir)), Full: s.ExportType != "INCREMENTAL_EXPORT", At: s.ExportTime, Items: s.ItemCount, root: dir}
	if !e.Full {
		e.At = s.ExportToTime
	}
	if e.At.IsZero() {
		return nil, fault.New(fault.Invalid, "manifest-summary.json in %s does not say of which time the export is", dir)
	}
	e.At = e.At.UTC().Truncate(time.Second)
	return e, e.manifest()
}

// manifest reads the list of data files and checks them.
func (e *Export) manifest() error {
	f, err := os.Open(filepath.Join(e.root, "manifest-files.json"))
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the export lacks manifest-files.json")
	}
	defer f.Close()
	var items int64
	for dec := json.NewDecoder(f); ; {
		var d dataFile
		if err := dec.Decode(&d); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fault.Wrap(fault.Invalid, err, "manifest-files.json cannot be read")
		}
		if err := e.check(d); err != nil {
			return err
		}
		items += d.Items
		e.files = append(e.files, d)
	}
	if items != e.Items {
		return fault.New(fault.Invalid, "manifest-files.json has %d items and manifest-summary.json %d: the export is not whole", items, e.Items)
	}
	return nil
}

func (e *Export) path(d dataFile) string { return filepath.Join(e.root, "data", path.Base(d.Key)) }

func (e *Export) check(d dataFile) error {
	f, err := os.Open(e.path(d))
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the data file %s of the export is not there", d.Key)
	}
	defer f.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("read %s: %w", e.path(d), err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != d.MD5 {
		return fault.New(fault.Invalid, "the data file %s has the MD5 %s; its manifest says %s: copy it again", d.Key, got, d.MD5)
	}
	return nil
}

// Each hands over the records in the order of the manifest, which is always the same.
func (e *Export) Each(ctx context.Context, each func(Record) error) error {
	for _, d := range e.files {
		if err := e.file(ctx, d, each); err != nil {
			return fmt.Errorf("read %s: %w", d.Key, err)
		}
	}
	return nil
}

func (e *Export) file(ctx context.Context, d dataFile, each func(Record) error) error {
	f, err := os.Open(e.path(d))
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "it is no gzip file")
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var n int64
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		n++
		r, err := e.parse(lines.Bytes())
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "line %d", n)
		}
		if err := each(r); err != nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := lines.Err(); err != nil {
		return fault.Wrap(fault.Invalid, err, "after line %d", n)
	}
	if n != d.Items {
		return fault.New(fault.Invalid, "it has %d items; its manifest says %d", n, d.Items)
	}
	return nil
}

func (e *Export) parse(line []byte) (Record, error) {
	var l struct {
		Item, Keys, NewImage json.RawMessage
		Metadata             struct{ WriteTimestampMicros struct{ N string } }
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return Record{}, err
	}
	if e.Full {
		if l.Item == nil {
			return Record{}, fault.New(fault.Invalid, "it has no Item")
		}
		return Record{Item: l.Item, At: e.At}, nil
	}
	micros, err := strconv.ParseInt(l.Metadata.WriteTimestampMicros.N, 10, 64)
	if err != nil || l.Keys == nil {
		return Record{}, fault.New(fault.Invalid, "it has no Keys, or no Metadata with WriteTimestampMicros")
	}
	r := Record{Item: l.NewImage, At: time.UnixMicro(micros).UTC().Truncate(time.Second)}
	if l.NewImage == nil {
		r.Item, r.Gone = l.Keys, true
	}
	return r, nil
}
