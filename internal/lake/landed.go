package lake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Folders at the root of a lake.
const (
	LandingDir    = "landing"     // what has landed and is not committed by every table
	LandingBadDir = "landing-bad" // landed objects that could not be read
	ArchiveDir    = "archive"     // landed objects kept after their commit
	TablesDir     = "tables"      // the Iceberg tables, one folder each
)

// LandedVersion is the format of the landed objects that this program writes.
const LandedVersion = 1

// LandedName says which records of which lane a landed object holds. Same batch, same name.
type LandedName struct {
	Stream      string
	Lane        string // one or more path segments: "<stream label>/<shard id>", "load/<hash>", "repair/<id>"
	First, Last Seq    // inclusive
	Version     int
}

// Key returns the object's key: landing/<stream>/<lane>/<first>-<last>-v<format>.
func (n LandedName) Key() string {
	return fmt.Sprintf("%s/%s/%s/%s-%s-v%d", LandingDir, n.Stream, n.Lane, n.First, n.Last, n.Version)
}

// ParseLandedName is the inverse of Key. A name of another form is Invalid.
func ParseLandedName(key string) (LandedName, error) {
	bad := func(why string) (LandedName, error) {
		return LandedName{}, fault.New(fault.Invalid, "%q is not the name of a landed object: %s", key, why)
	}
	parts := strings.Split(key, "/")
	if len(parts) < 4 || parts[0] != LandingDir {
		return bad("want landing/<stream>/<lane>/<first>-<last>-v<format>")
	}
	for _, p := range parts {
		if p == "" || p == "." || p == ".." {
			return bad("empty or relative segment")
		}
	}
	file := strings.Split(parts[len(parts)-1], "-")
	if len(file) != 3 || len(file[2]) < 2 || file[2][0] != 'v' {
		return bad("want <first>-<last>-v<format>")
	}
	version, err := strconv.Atoi(file[2][1:])
	if err != nil || version < 1 || "v"+strconv.Itoa(version) != file[2] {
		return bad("the format is not a positive number")
	}
	n := LandedName{Stream: parts[1], Lane: strings.Join(parts[2:len(parts)-1], "/"), Version: version}
	for i, to := range []*Seq{&n.First, &n.Last} {
		if len(file[i]) != SeqDigits {
			return bad("sequence numbers have 40 digits here")
		}
		if *to, err = ParseSeq(file[i]); err != nil {
			return bad(err.Error())
		}
	}
	if n.First > n.Last {
		return bad("it ends before it begins")
	}
	return n, nil
}

// Landed is a landed object: what one batch of one lane became.
type Landed struct {
	LandedName
	After    Seq       // what the reader took before this batch; empty: unknown (first of a window) or the shard's begin
	Begin    bool      // the batch starts at the shard's own beginning
	Final    bool      // the lane ends with this batch
	Records  int       // records in the batch, bad ones included
	Bad      int       // of which quarantined
	Expired  int       // of which removed by time to live
	Through  time.Time // change time of the newest record
	Sections []Section // by dataset name; bad records are the section of QuarantineTable
}

// Section is the rows of one dataset: a Parquet file of the dataset's landed columns.
type Section struct {
	Dataset string
	Rows    int
	Body    []byte
}
