package tables

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Update is what a commit sets besides files.
type Update struct {
	Marker     string            // unique to the attempt; by it a lost answer is told from a conflict
	Commit     int64             // the commit's number; 0: the commit brings no rows of its own
	Watermarks lake.Watermarks   // lanes that moved; never backward
	Late       bool              // it brings rows whose place may be below rows there already, as loads and repairs do
	Closed     []string          // lanes that leave the watermarks; the ledger has them
	Properties map[string]string // others of the table
	Through    int64             // base and rollups: the commit of the history they are now current to; 0: as before
	Summary    map[string]string // totals, kept with the snapshot
	Entry      string            // the commit's in the ledger; empty: it has none
}

// Append adds files to the table and sets what u says, in one atomic commit on top of base. The files are durable.
// Conflict: the table is no longer at base; take a new Snapshot and look at its Commit. Any other error says that the commit
// is not there and why. When it returns a Snapshot the commit is there and durable, whatever happened on the way.
func (t *Table) Append(ctx context.Context, base *Snapshot, files []NewFile, u Update) (*Snapshot, error) {
	if len(files) == 0 {
		// The library would make no snapshot, and the next commit's assertion would pass a second time.
		return nil, fault.New(fault.Invalid, "a commit to table %s adds no file", t.name)
	}
	return t.commit(ctx, base, u, func(tx *table.Transaction, _ *session, summary iceberg.Properties) error {
		added, err := base.dataFiles(files)
		if err != nil {
			return err
		}
		return tx.AddDataFiles(ctx, added, summary, table.WithoutDuplicateCheck(), table.WithoutAutoNameMapping())
	})
}

// Replace puts files in the place of old ones that hold the same rows, as compaction does: incremental readers see no
// change. Errors are those of Append.
func (t *Table) Replace(ctx context.Context, base *Snapshot, old []File, files []NewFile, u Update) (*Snapshot, error) {
	if len(old) == 0 {
		return nil, fault.New(fault.Invalid, "a rewrite of table %s replaces no file", t.name)
	}
	return t.commit(ctx, base, u, func(tx *table.Transaction, s *session, summary iceberg.Properties) error {
		added, err := base.dataFiles(files)
		if err != nil {
			return err
		}
		gone, err := base.entries(s, old)
		if err != nil {
			return err
		}
		rewrite := tx.NewRewrite(summary)
		for _, f := range gone {
			rewrite.DeleteFile(f)
		}
		for _, f := range added {
			rewrite.AddDataFile(f)
		}
		return rewrite.Commit(ctx)
	})
}

func (s *Snapshot) dataFiles(files []NewFile) ([]iceberg.DataFile, error) {
	spec, order := s.meta.PartitionSpec(), s.meta.DefaultSortOrder()
	all := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		var err error
		if all[i], err = dataFile(s.table.home.files(), spec, order, f); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// entries returns the library's own records of the files, from the manifests that hold them.
func (s *Snapshot) entries(files *session, wanted []File) ([]iceberg.DataFile, error) {
	urls, manifests := map[string]bool{}, map[string]bool{}
	for _, f := range wanted {
		urls[f.URL], manifests[f.manifest] = true, true
	}
	list, err := s.manifests(files)
	if err != nil {
		return nil, err
	}
	var found []iceberg.DataFile
	for _, planned := range []bool{true, false} { // elsewhere only if manifests were merged since the files were planned
		for _, m := range list {
			if manifests[m.FilePath()] != planned || len(found) == len(urls) {
				continue
			}
			for entry, err := range m.Entries(files, true) {
				if err != nil {
					return nil, err
				}
				if df := entry.DataFile(); urls[logical(s.table.home.files(), df.FilePath())] {
					found = append(found, df)
				}
			}
		}
	}
	if len(found) != len(urls) {
		return nil, fault.New(fault.Conflict, "%d of %d files to be replaced are no longer in table %s", len(urls)-len(found), len(urls), s.table.name)
	}
	return found, nil
}

type work func(tx *table.Transaction, s *session, summary iceberg.Properties) error

// commit runs one optimistic transaction on base: nothing else may have committed in between.
func (t *Table) commit(ctx context.Context, base *Snapshot, u Update, do work) (*Snapshot, error) {
	if u.Marker == "" {
		return nil, fault.New(fault.Invalid, "a commit to table %s has no marker", t.name)
	}
	props, err := base.properties(u)
	if err != nil {
		return nil, err
	}
	s := t.begin(ctx)
	tx := t.home.table(t.name, base.version, s).NewTransaction()
	if err := errors.Join(tx.AssertRefSnapshotID(table.MainBranch), do(tx, s, base.summary(u)), tx.SetProperties(props)); err != nil {
		s.undo() // nothing was published, so nothing refers to what was written
		return nil, kind(err, "commit to table "+t.name)
	}
	done, err := tx.Commit(ctx)
	if err != nil {
		return t.outcome(ctx, base, u.Marker, err)
	}
	now, err := t.pin(version{done.MetadataLocation(), done.Metadata()})
	if err != nil {
		return nil, err
	}
	t.tell(base, now)
	_ = errors.Join(now.merged(s), t.settle(s)) // the commit is there: what stays is an orphan
	return now, nil
}

// settle removes what a commit has left over, unless somebody needs every file: then it becomes an orphan. An old version of the
// table's metadata, which the library lets go of, may be the very one that a backup is copying.
func (t *Table) settle(s *session) error {
	if !t.removing.TryRLock() {
		return nil
	}
	defer t.removing.RUnlock()
	return s.settle()
}

// merged notes for removal the manifests that the session wrote and then merged into others.
func (s *Snapshot) merged(files *session) error {
	const without = 2 // a manifest and the list
	if len(files.created) <= without {
		return nil
	}
	list, err := s.manifests(files)
	if err != nil {
		return err
	}
	live := map[string]bool{s.meta.CurrentSnapshot().ManifestList: true}
	for _, m := range list {
		live[m.FilePath()] = true
	}
	for _, url := range files.created {
		if !live[url] {
			files.removed = append(files.removed, url)
		}
	}
	return nil
}

// tell reports what others have committed below a commit of ours, and does so once: a rewrite of manifests, which leaves no
// marker, does not.
func (t *Table) tell(base, now *Snapshot) {
	if now.Summary[lake.PropMarker] == "" {
		return
	}
	for _, f := range base.Foreign() {
		t.observe(f)
	}
}

// outcome finds out, after a commit's error, whether the commit is there.
func (t *Table) outcome(ctx context.Context, base *Snapshot, marker string, cause error) (*Snapshot, error) {
	now, err := t.Snapshot(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fault.Wrap(fault.Transient, errors.Join(cause, err), "commit to table %s: it is not known whether it succeeded", t.name)
	}
	if now.has(marker, base.ID) {
		// What is visible must be durable before anybody builds on it.
		if err := t.home.settled(context.WithoutCancel(ctx), t.name); err != nil {
			return nil, fault.Wrap(fault.Transient, errors.Join(cause, err), "commit to table %s: it is there, but not durable", t.name)
		}
		t.tell(base, now)
		return now, nil
	}
	if now.ID != base.ID {
		return nil, fault.Wrap(fault.Conflict, cause, "commit to table %s: another commit was first", t.name)
	}
	if err := kind(cause, "commit to table "+t.name); fault.Of(err) != fault.Internal {
		return nil, err
	}
	return nil, fault.Wrap(fault.Transient, cause, "commit to table %s: it did not happen", t.name)
}

// has reports whether one of the snapshots after the one with id since carries the marker. A rewrite of manifests cannot
// say anything of itself, so its marker is only the table's.
func (s *Snapshot) has(marker string, since int64) bool {
	if s.Properties[lake.PropMarker] == marker {
		return true
	}
	for at := s.meta.CurrentSnapshot(); at != nil && at.SnapshotID != since; {
		if at.Summary != nil && at.Summary.Properties[lake.PropMarker] == marker {
			return true
		}
		if at.ParentSnapshotID == nil {
			return false
		}
		at = s.meta.SnapshotByID(*at.ParentSnapshotID)
	}
	return false
}

// Has reports whether the commit with that marker is in the snapshot, as far back as snapshots are kept.
func (s *Snapshot) Has(marker string) bool { return s.has(marker, 0) }

func (s *Snapshot) properties(u Update) (iceberg.Properties, error) {
	props := iceberg.Properties{lake.PropMarker: u.Marker}
	if u.Commit != 0 {
		if u.Commit <= s.Commit {
			return nil, fault.New(fault.Conflict, "table %s: commit %d comes after commit %d", s.table.name, u.Commit, s.Commit)
		}
		props[lake.PropCommit] = strconv.FormatInt(u.Commit, 10)
		if u.Late {
			props[lake.PropLate] = props[lake.PropCommit]
		}
	}
	if u.Through != 0 {
		props[lake.PropThrough] = strconv.FormatInt(u.Through, 10)
	}
	for name, value := range u.Properties {
		props[name] = value
	}
	if len(u.Watermarks)+len(u.Closed) > 0 {
		moved, err := s.Watermarks.Forward(u.Watermarks)
		if err != nil {
			return nil, err
		}
		for _, lane := range u.Closed {
			delete(moved, lane)
		}
		if len(u.Closed) > 0 {
			props[lake.PropClosed] = strconv.FormatInt(s.Closed+int64(len(u.Closed)), 10)
		}
		text, err := json.Marshal(moved)
		if err != nil {
			return nil, err
		}
		props[lake.PropWatermarks] = string(text)
	}
	return props, nil
}

func (s *Snapshot) summary(u Update) iceberg.Properties {
	said := iceberg.Properties{lake.PropMarker: u.Marker}
	if u.Commit != 0 {
		said[lake.PropCommit] = strconv.FormatInt(u.Commit, 10)
	}
	if others := s.Foreign(); len(others) > 0 {
		said[summaryForeign] = foreignIDs(others)
	}
	for name, value := range u.Summary {
		said["tarn."+name] = value
	}
	if u.Entry != "" {
		said[lake.PropEntry] = u.Entry
	}
	return said
}
