package tables

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Foreign is a commit that another engine made into a table. What it brought stays; nothing of ours is built on it.
type Foreign struct {
	Table     string
	Snapshot  int64
	At        time.Time
	Operation string // append, overwrite, delete or replace
	Added     int64  // rows
	Removed   int64
}

// summaryForeign is the key under which a commit's summary names the foreign snapshots that it came after.
const summaryForeign = "tarn.foreign"

// Attrs implements telemetry.Event.
func (f Foreign) Attrs() (string, []slog.Attr) {
	return "another engine has committed to a table of ours", []slog.Attr{slog.String(telemetry.Table, f.Table),
		slog.Int64("snapshot", f.Snapshot), slog.Time("at", f.At), slog.String("operation", f.Operation),
		slog.Int64(telemetry.Rows, f.Added), slog.Int64("removed", f.Removed)}
}

// Foreign returns what other engines have committed since the last commit of ours, newest first.
func (s *Snapshot) Foreign() []Foreign {
	var found []Foreign
	for at := s.meta.CurrentSnapshot(); at != nil && at.Summary != nil; {
		said := at.Summary.Properties
		if said[lake.PropMarker] != "" {
			break
		}
		if !rewritesManifests(at) {
			f := Foreign{Table: s.table.name, Snapshot: at.SnapshotID, At: time.UnixMilli(at.TimestampMs).UTC(), Operation: string(at.Summary.Operation)}
			f.Added, _ = strconv.ParseInt(said["added-records"], 10, 64) // absent where there are none
			f.Removed, _ = strconv.ParseInt(said["deleted-records"], 10, 64)
			found = append(found, f)
		}
		if at.ParentSnapshotID == nil {
			break
		}
		at = s.meta.SnapshotByID(*at.ParentSnapshotID)
	}
	return found
}

// rewritesManifests reports whether a snapshot has the files of the one before it. Our own cannot say that they are ours.
func rewritesManifests(s *table.Snapshot) bool {
	said := s.Summary.Properties
	return s.Summary.Operation == table.OpReplace && said["manifests-created"] != "" && said["added-data-files"] == "" && said["deleted-data-files"] == ""
}

func foreignIDs(found []Foreign) string {
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = strconv.FormatInt(f.Snapshot, 10)
	}
	return strings.Join(ids, ",")
}
