// Package backfill reads sources of snapshot rows: what DynamoDB exports to S3, whose manifests say how many items there are
// and what bytes they are in, and scans of a store in parallel segments, which go on where they stopped.
package backfill

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Objects is where exports lie: the folder or the prefix of a bucket that DynamoDB calls AWSDynamoDB.
type Objects interface {
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// Export is an export with its manifests. It is read-only.
type Export struct {
	ID    string    // the name of its folder
	Full  bool      // it holds every item of the table as of At; else what changed from From to At
	From  time.Time // zero in a full one
	At    time.Time // UTC, cut to the second
	Items int64
	at    Objects
	files []dataFile
}

type dataFile struct {
	Items int64  `json:"itemCount"`
	MD5   string `json:"md5Checksum"`
	Key   string `json:"dataFileS3Key"`
}

// Record is one line of an export, or one item of a scan.
type Record struct {
	Item json.RawMessage // DynamoDB JSON: the item, or only its keys where it is gone
	At   time.Time       // when it was so, UTC, cut to the second
	Gone bool
}

const maxManifest = 64 << 20 // bytes; a line of it is a file of many thousand items

// OpenExport opens the export of that id and checks its manifests. Its data files are checked when they are read.
func OpenExport(ctx context.Context, at Objects, id string) (*Export, error) {
	e := &Export{ID: id, at: at}
	text, err := e.manifest(ctx, "summary")
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.NotFound, err, "%s is no export: name the folder with manifest-summary.json, AWSDynamoDB/<export id>", id)
	} else if err != nil {
		return nil, err
	}
	var s struct {
		ExportTime, ExportFromTime, ExportToTime time.Time
		ExportType, OutputFormat                 string
		ItemCount                                int64
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "manifest-summary.json of the export %s cannot be read", id)
	}
	if s.OutputFormat != "" && s.OutputFormat != "DYNAMODB_JSON" {
		return nil, fault.New(fault.Invalid, "the export has the format %s; export it as DYNAMODB_JSON", s.OutputFormat)
	}
	e.Full, e.At, e.Items = s.ExportType != "INCREMENTAL_EXPORT", s.ExportTime, s.ItemCount
	if !e.Full {
		e.From, e.At = s.ExportFromTime.UTC(), s.ExportToTime
	}
	if e.At.IsZero() {
		return nil, fault.New(fault.Invalid, "manifest-summary.json of the export %s does not say of which time it is", id)
	}
	e.At = e.At.UTC().Truncate(time.Second)
	return e, e.list(ctx)
}

// Covers is Invalid where the export is not known to have all that the hole lacks.
func (e *Export) Covers(h lake.Hole) error {
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case e.Full:
		return fault.New(fault.Invalid, "a full export does not say what changed in a hole's time: use an incremental export from %s to %s, or --scan", day(h.From), day(h.To))
	case h.From.IsZero() || h.To.IsZero():
		return fault.New(fault.Invalid, "the time of hole %s is not known, so no export is known to cover it: use --scan", h.ID)
	case e.From.After(h.From) || e.At.Before(h.To.Truncate(time.Second)):
		return fault.New(fault.Invalid, "the export has the changes from %s to %s; the hole is from %s to %s: make an incremental export of at least that",
			day(e.From), day(e.At), day(h.From), day(h.To))
	}
	return nil
}

// list reads the list of data files.
func (e *Export) list(ctx context.Context) error {
	text, err := e.manifest(ctx, "files")
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "the export lacks manifest-files.json")
	} else if err != nil {
		return err
	}
	var items int64
	for dec := json.NewDecoder(strings.NewReader(string(text))); ; {
		var d dataFile
		if err := dec.Decode(&d); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fault.Wrap(fault.Invalid, err, "manifest-files.json cannot be read")
		}
		items += d.Items
		e.files = append(e.files, d)
	}
	if items != e.Items {
		return fault.New(fault.Invalid, "manifest-files.json has %d items and manifest-summary.json %d: the export is not whole", items, e.Items)
	}
	return nil
}

// sums are the names under which the MD5 of a manifest lies beside it: the first is what exports have, the second what
// AWS's description of them says.
var sums = []string{".md5", ".checksum"}

// manifest returns a manifest, checked by the MD5 that lies beside it; a copy of an export may have been made without.
func (e *Export) manifest(ctx context.Context, name string) ([]byte, error) {
	text, err := e.small(ctx, "manifest-"+name+".json")
	if err != nil {
		return nil, err
	}
	for _, kind := range sums {
		want, err := e.small(ctx, "manifest-"+name+kind)
		if fault.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		sum := md5.Sum(text)
		if w := strings.TrimSpace(string(want)); w != base64.StdEncoding.EncodeToString(sum[:]) && !strings.EqualFold(w, hex.EncodeToString(sum[:])) {
			return nil, fault.New(fault.Invalid, "manifest-%s.json has not the MD5 that manifest-%[1]s%s says, %s: copy the export again", name, kind, w)
		}
	}
	return text, nil
}

func (e *Export) small(ctx context.Context, name string) (text []byte, err error) {
	r, size, err := e.at.Open(ctx, path.Join(e.ID, name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if size > maxManifest {
		return nil, fault.New(fault.Exceeded, "%s has %d bytes; the limit is %d", name, size, maxManifest)
	}
	if text, err = io.ReadAll(io.NewSectionReader(r, 0, size)); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text, nil
}

// key returns where a data file is: full exports have a folder data of their own, incremental ones share one.
func (e *Export) key(d dataFile) string {
	if path.Base(path.Dir(path.Dir(d.Key))) == "AWSDynamoDB" {
		return path.Join("data", path.Base(d.Key))
	}
	return path.Join(e.ID, "data", path.Base(d.Key))
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
