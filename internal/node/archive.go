package node

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// Archive is the landed objects that were kept after their commit.
type Archive struct {
	Days    int       `json:"days"` // how long each stays; 0: none is added, and none goes
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the first of them was moved there
	Newest  time.Time `json:"newest,omitzero"`
}

func (n *Node) archive(ctx context.Context) (Archive, error) {
	a := Archive{Days: n.settings.ArchiveDays}
	found, err := n.archived(ctx, time.Time{}, time.Time{})
	for _, f := range found {
		a.Objects++
		a.Bytes += f.Size()
		at := f.ModTime().UTC()
		if a.Oldest.IsZero() || at.Before(a.Oldest) {
			a.Oldest = at
		}
		if at.After(a.Newest) {
			a.Newest = at
		}
	}
	return a, err
}

// archived lists what was moved to the archive from an instant on and before another; zero ones are open.
func (n *Node) archived(ctx context.Context, from, to time.Time) ([]fs.FileInfo, error) {
	found, err := n.files.List(ctx, lake.ArchiveDir+"/")
	if err != nil {
		return nil, fmt.Errorf("list the archive: %w", err)
	}
	some := found[:0]
	for _, f := range found {
		if at := f.ModTime(); !at.Before(from) && (to.IsZero() || at.Before(to)) {
			some = append(some, f)
		}
	}
	return some, nil
}

// expireArchive removes what was moved to the archive longer ago than the settings say.
func (n *Node) expireArchive(ctx context.Context, now time.Time) error {
	days := n.settings.ArchiveDays
	if days <= 0 {
		return nil
	}
	old, err := n.archived(ctx, time.Time{}, now.AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	for _, f := range old {
		if err := n.files.Delete(ctx, f.Name()); err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("expire the archive: %w", err)
		}
	}
	return nil
}

// ArchiveArgs asks for what was committed from an instant on and before another to be landed once more.
type ArchiveArgs struct {
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	DryRun bool      `json:"dryRun,omitempty"` // only read them
}

// ArchiveReplayed is what a replay of the archive did.
type ArchiveReplayed struct {
	Objects int      `json:"objects"`
	Bytes   int64    `json:"bytes"`
	Records int64    `json:"records"`
	Rows    int64    `json:"rows"`    // that the lake did not have, those of writes meanwhile among them
	Refused []string `json:"refused"` // objects that cannot be read or that no schema names any more
}

const (
	replayObjects = 256      // objects of the archive that are landed at once
	replayBytes   = 32 << 20 // or so many bytes
)

// archiveReplay lands copies of archived objects under the names they had, and commits them as any batch. What the lake
// has of them lies below its watermarks and vanishes; what it lacks comes back. The archive keeps its own until a commit
// has taken the copy, so an interruption loses nothing.
func (n *Node) archiveReplay(ctx context.Context, a ArchiveArgs, tell Tell) (ArchiveReplayed, error) {
	done := ArchiveReplayed{Refused: []string{}}
	if err := ordered(a.From, a.To); err != nil {
		return done, err
	}
	if err := n.commit(ctx); err != nil {
		return done, err
	}
	found, err := n.archived(ctx, a.From, a.To)
	if err != nil {
		return done, err
	}
	for at := 0; at < len(found); {
		some := share(found[at:])
		report, err := n.committed(ctx, func() error { return n.landAgain(ctx, some, a.DryRun, &done) })
		if err != nil {
			return done, err
		}
		done.Rows += report.Rows()
		at += len(some)
		tell(Step{What: "objects of the archive landed again", Done: int64(at), Total: int64(len(found))})
	}
	return done, nil
}

// share returns the objects at the front that are landed at once: one at least.
func share(found []fs.FileInfo) []fs.FileInfo {
	var bytes int64
	for i, f := range found {
		if bytes += f.Size(); i > 0 && bytes > replayBytes || i == replayObjects {
			return found[:i]
		}
	}
	return found
}

func (n *Node) landAgain(ctx context.Context, some []fs.FileInfo, dry bool, done *ArchiveReplayed) error {
	for _, f := range some {
		body, err := n.files.Get(ctx, f.Name())
		if fault.Is(err, fault.NotFound) { // its days are over
			continue
		}
		if err != nil {
			return err
		}
		landed, err := n.parseArchived(f.Name(), body)
		if err != nil {
			done.Refused = append(done.Refused, f.Name()+": "+err.Error())
			continue
		}
		done.Objects++
		done.Bytes += int64(len(body))
		done.Records += int64(landed.Records)
		if dry {
			continue
		}
		if err := n.files.Put(ctx, landed.Key(), body); err != nil {
			return err
		}
	}
	return nil
}

// parseArchived reads an object of the archive. One that a commit would refuse, and stop at, is refused here.
func (n *Node) parseArchived(key string, body []byte) (*lake.Landed, error) {
	name, err := lake.ParseLandedName(lake.LandingDir + strings.TrimPrefix(key, lake.ArchiveDir))
	if err != nil {
		return nil, err
	}
	landed, err := lake.ParseLanded(name, body)
	if err != nil {
		return nil, err
	}
	names := n.sections(landed.Stream)
	for _, s := range landed.Sections {
		if !slices.Contains(names, s.Dataset) {
			return nil, fault.New(fault.NotFound, "it holds rows of %q, which no schema of stream %s names: restore the schema", s.Dataset, landed.Stream)
		}
	}
	return landed, nil
}

// sections returns what the sections of a stream's landed objects may be of. A stream that no schema names has none; a
// dataset without a stream lands under its own name.
func (n *Node) sections(stream string) []string {
	datasets := n.registry.Landing(stream)
	if len(datasets) == 0 {
		return nil
	}
	names := []string{schemas.QuarantineTable, schemas.HeartbeatTable}
	for _, d := range datasets {
		names = append(names, d.Name)
	}
	return names
}
