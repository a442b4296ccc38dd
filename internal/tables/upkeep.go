package tables

import (
	"context"
	"errors"
	"path"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/lake"
)

// RewriteManifests merges small manifests into few, so that planning stays fast. It reports whether there was anything to
// merge. Conflict where a commit came between; try again later.
func (t *Table) RewriteManifests(ctx context.Context, marker string) (bool, error) {
	base, err := t.Snapshot(ctx)
	if err != nil || base.ID == 0 {
		return false, err
	}
	nothing := errors.New("manifests are as they should be")
	_, err = t.commit(ctx, base, Update{Marker: marker}, func(tx *table.Transaction, _ *session, _ iceberg.Properties) error {
		result, err := tx.RewriteManifests(ctx)
		if err == nil && result.IsNoOp() {
			return nothing
		}
		return err
	})
	if errors.Is(err, nothing) {
		return false, nil
	}
	return err == nil, err
}

// Expire forgets snapshots that are neither among the last keep nor younger than olderThan, and removes the files that
// only they had. It returns how many it forgot. A pinned snapshot must not be read for longer than olderThan. A snapshot
// whose story is not in the ledger stays, and so do those after it.
func (t *Table) Expire(ctx context.Context, keep int, olderThan time.Duration) (int, error) {
	if !t.removing.TryRLock() {
		return 0, nil // every file is needed now; the next call expires more
	}
	defer t.removing.RUnlock()
	t.expiring.Lock()
	defer t.expiring.Unlock()
	before, err := t.Snapshot(ctx)
	if err != nil || before.ID == 0 || before.Kept() <= keep {
		return 0, err
	}
	untold, err := t.untold(ctx, before)
	spare := before.Spare(max(keep, untold), olderThan)
	if err != nil || spare == 0 {
		return 0, err
	}
	s := t.begin(ctx)
	tx := t.home.table(t.name, before.version, s).NewTransaction()
	err = tx.ExpireSnapshots(table.WithRetainLast(before.Kept()-spare), table.WithOlderThan(olderThan), table.WithPostCommit(false))
	if err != nil {
		return 0, kind(err, "expire snapshots of table "+t.name)
	}
	done, err := tx.Commit(ctx)
	if err != nil {
		return 0, kind(err, "expire snapshots of table "+t.name)
	}
	after, err := t.pin(version{done.MetadataLocation(), done.Metadata()})
	if err != nil {
		return 0, err
	}
	garbage, err := t.onlyIn(ctx, before, after)
	if err != nil {
		return 0, kind(err, "expire snapshots of table "+t.name)
	}
	return before.Kept() - after.Kept(), errors.Join(s.settle(), remove(ctx, t.home.files(), garbage))
}

// Spare returns how many snapshots the table could forget: those neither among the last keep nor younger than olderThan.
// The one before the young ones was the table's newest when they began, so somebody may have pinned it then, however old it
// is itself.
func (s *Snapshot) Spare(keep int, olderThan time.Duration) int {
	since := time.Now().Add(-olderThan).UnixMilli()
	young := 1
	for _, snap := range s.meta.Snapshots() {
		if snap.TimestampMs > since {
			young++
		}
	}
	return max(0, s.Kept()-max(keep, young))
}

// onlyIn returns the files that snapshots of before had and those of after have not. History is a line, and a file never
// comes back: what the oldest snapshot of after does not have, none of them has that an older one had.
func (t *Table) onlyIn(ctx context.Context, before, after *Snapshot) ([]string, error) {
	kept := map[int64]bool{}
	for _, snap := range after.meta.Snapshots() {
		kept[snap.SnapshotID] = true
	}
	live := map[string]bool{}
	s := t.begin(ctx)
	if err := oldest(after.meta).each(ctx, s, nil, func(url string) { live[url] = true }); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var garbage []string
	for _, snap := range before.meta.Snapshots() {
		if kept[snap.SnapshotID] {
			continue
		}
		err := snapshotOf{&snap}.each(ctx, s, func(manifest string) bool { return live[manifest] || seen[manifest] }, func(url string) {
			if !live[url] && !seen[url] {
				garbage = append(garbage, url)
			}
			seen[url] = true
		})
		if err != nil {
			return nil, err
		}
	}
	return garbage, nil
}

func oldest(meta table.Metadata) snapshotOf {
	all := meta.Snapshots()
	first := 0
	for i := range all {
		if all[i].SequenceNumber < all[first].SequenceNumber {
			first = i
		}
	}
	return snapshotOf{&all[first]}
}

type snapshotOf struct{ *table.Snapshot }

// each calls found with every file of the snapshot: its manifest list, its manifests and their data files, but not those
// of manifests that skip knows.
func (s snapshotOf) each(ctx context.Context, files *session, skip func(manifest string) bool, found func(url string)) error {
	found(s.ManifestList)
	list, err := s.Manifests(files)
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if skip != nil && skip(m.FilePath()) {
			continue
		}
		found(m.FilePath())
		for entry, err := range m.Entries(files, true) {
			if err != nil {
				return err
			}
			found(entry.DataFile().FilePath())
		}
	}
	return nil
}

// Orphans returns the locations of files in the table's folder that no snapshot has and that are older than grace: what
// crashes and lost conflicts left. The grace must be longer than any commit takes.
func (t *Table) Orphans(ctx context.Context, grace time.Duration) ([]string, error) {
	now, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	live, err := t.referenced(ctx, now)
	if err != nil {
		return nil, kind(err, "look for orphans of table "+t.name)
	}
	all, err := t.home.files().list(ctx, lake.TablesDir+"/"+t.name)
	if err != nil {
		return nil, kind(err, "look for orphans of table "+t.name)
	}
	var orphans []string
	for _, e := range all {
		if url := lake.URL(e.key); !live[url] && path.Base(e.key) != hintFile && time.Since(e.modified) > grace {
			orphans = append(orphans, url)
		}
	}
	return orphans, nil
}

// Sweep removes what Orphans finds and returns how many files that were.
func (t *Table) Sweep(ctx context.Context, grace time.Duration) (int, error) {
	if !t.removing.TryRLock() {
		return 0, nil
	}
	defer t.removing.RUnlock()
	orphans, err := t.Orphans(ctx, grace)
	if err != nil {
		return 0, err
	}
	return len(orphans), kind(remove(ctx, t.home.files(), orphans), "remove orphans of table "+t.name)
}

func (t *Table) referenced(ctx context.Context, now *Snapshot) (map[string]bool, error) {
	live := map[string]bool{}
	add := func(url string) { live[logical(t.home.files(), url)] = true }
	add(now.location)
	for entry := range now.meta.PreviousFiles() {
		add(entry.MetadataFile)
	}
	s := t.begin(ctx)
	for _, snap := range now.meta.Snapshots() {
		known := func(manifest string) bool { return live[logical(t.home.files(), manifest)] }
		if err := (snapshotOf{&snap}).each(ctx, s, known, add); err != nil {
			return nil, err
		}
	}
	return live, nil
}
