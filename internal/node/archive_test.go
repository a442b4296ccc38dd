package node_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// mustNode returns a node over the settings' folder, closed when the test ends.
func mustNode(tb testing.TB, s config.Up) *node.Node {
	tb.Helper()
	n, err := node.Open(tb.Context(), s, node.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
	})
	return n
}

// sums returns the hash of every file under a folder, by path.
func sums(tb testing.TB, root string) map[string]string {
	tb.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root)] = fmt.Sprintf("%x", sha256.Sum256(body))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// figures asks every metric for all of its measures, by nothing and by each dimension, as a whole and by day; and by hour
// and month without a dimension.
func figures(tb testing.TB, n *node.Node, now time.Time) map[string]string {
	tb.Helper()
	all := map[string]string{}
	for _, d := range n.Registry().Datasets() {
		for _, m := range d.Metrics {
			for _, q := range questions(m, now) {
				table := mustDo[node.Table](tb, n, "metric", node.MetricArgs{Query: q, CSV: true})
				lines := strings.Split(table.CSV, "\r\n")
				slices.Sort(lines) // equal rows have no order
				all[fmt.Sprintf("%s by %v, %s", m.Name, q.Dimensions, q.Grain)] = strings.Join(lines, "\n")
			}
		}
	}
	return all
}

// questions asks for all that there is, and for series that end before now: the next hour is none of theirs.
func questions(m schemas.Metric, now time.Time) (all []plan.Query) {
	ask := func(grain string, split ...string) {
		q := plan.Query{Metric: m.Name, Dimensions: split, Grain: grain}
		if m.Time != "" {
			q.Range = plan.Range{From: now.AddDate(0, 0, -45).Format(time.DateOnly), To: now.AddDate(0, 0, 45).Format(time.DateOnly)}
			if grain != "" {
				q.Range.To = now.AddDate(0, 0, -1).Format(time.DateOnly)
			}
		}
		all = append(all, q)
	}
	ask("")
	for _, d := range m.Dimensions {
		ask("", d.Name)
	}
	if m.Time == "" {
		return all
	}
	for _, grain := range []string{"hour", "day", "month"} {
		ask(grain)
	}
	for _, d := range m.Dimensions {
		ask("day", d.Name)
	}
	return all
}

// TestAReplayOfAMonthChangesNothing: everything that the archive holds of a month of the demo is landed again, by a
// process that remembers nothing, after it was merged: no file of any table is another, no figure of any metric is.
func TestAReplayOfAMonthChangesNothing(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := mustSettings(t, data, "")
	s.ArchiveDays, s.BatchLimit = 7, 100
	mustFolder(t, s)
	fillDays(t, data, 1_500, 30)
	first, err := node.Open(t.Context(), s, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mustDo[[]verify.Report](t, first, "verify", node.VerifyArgs{}) {
		if !r.Clean() || r.Store == 0 {
			t.Fatalf("got %+v", r)
		}
	}
	mustDo[[]node.CompactResult](t, first, "compact", struct{}{})
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	n := mustNode(t, s)
	now := time.Now()
	before, asked := sums(t, filepath.Join(data, "lake")), figures(t, n, now)
	if len(asked) < 40 {
		t.Fatalf("only %d questions", len(asked))
	}
	archive := mustDo[node.Status](t, n, "status", struct{}{}).Archive
	if archive.Objects < 30 || archive.Bytes == 0 || archive.Days != 7 || archive.Oldest.IsZero() {
		t.Fatalf("got %+v", archive)
	}
	if dry := mustDo[node.ArchiveReplayed](t, n, "archive.replay", node.ArchiveArgs{DryRun: true}); dry.Objects != archive.Objects || dry.Records == 0 {
		t.Errorf("a dry run: got %+v", dry)
	}
	replayed := mustDo[node.ArchiveReplayed](t, n, "archive.replay", node.ArchiveArgs{})
	if replayed.Objects != archive.Objects || replayed.Bytes != archive.Bytes || replayed.Rows != 0 || len(replayed.Refused) != 0 {
		t.Errorf("got %+v of %+v", replayed, archive)
	}
	if diff := cmp.Diff(before, sums(t, filepath.Join(data, "lake"))); diff != "" {
		t.Errorf("files of the lake:\n%s", diff)
	}
	if diff := cmp.Diff(asked, figures(t, n, now)); diff != "" {
		t.Errorf("figures:\n%s", diff)
	}
}

// TestTheArchiveBringsBackWhatIsLost: a lake whose tables are gone has its history again from the archive alone.
func TestTheArchiveBringsBackWhatIsLost(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	s := mustSettings(t, f.data, f.schemas)
	s.ArchiveDays = 1
	f.put(map[string]string{"a": "1", "b": "2", "c": "3"})
	f.settled(s)
	if err := os.RemoveAll(filepath.Join(f.data, "lake", "tables")); err != nil {
		t.Fatal(err)
	}
	n := mustNode(t, s)
	r := mustDo[node.ArchiveReplayed](t, n, "archive.replay", node.ArchiveArgs{})
	if r.Rows != 3 || r.Records != 3 || r.Objects == 0 {
		t.Errorf("got %+v", r)
	}
	table := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT sum(n) AS n FROM things", CSV: true})
	if table.CSV != "n\r\n6\r\n" {
		t.Errorf("got %q", table.CSV)
	}
}

// settled lets a node with the settings read and commit what the store has.
func (f *thingsFolder) settled(s config.Up) {
	f.tb.Helper()
	n, err := node.Open(f.tb.Context(), s, node.Options{})
	if err != nil {
		f.tb.Fatal(err)
	}
	mustDo[[]verify.Report](f.tb, n, "verify", node.VerifyArgs{})
	if err := n.Close(f.tb.Context()); err != nil {
		f.tb.Fatal(err)
	}
}

// archivedTwice is things of which two objects lie in the archive.
func archivedTwice(tb testing.TB, days int) (*thingsFolder, config.Up) {
	tb.Helper()
	f := newThings(tb, "int64")
	s := mustSettings(tb, f.data, f.schemas)
	s.ArchiveDays = days
	for _, things := range []map[string]string{{"a": "1"}, {"b": "2"}} {
		f.put(things)
		f.settled(s)
	}
	return f, s
}

// TestTheArchiveExpires: what is older than the setting goes, what is younger stays, and without the setting all stays.
func TestTheArchiveExpires(t *testing.T) {
	t.Parallel()
	f, s := archivedTwice(t, 10)
	root := filepath.Join(f.data, "lake", "archive")
	kept := slices.Sorted(maps.Keys(sums(t, root)))
	if len(kept) != 2 {
		t.Fatalf("got %v", kept)
	}
	now := time.Now()
	for i, age := range []time.Duration{10*24*time.Hour + time.Minute, 10*24*time.Hour - time.Minute} {
		if err := os.Chtimes(root+kept[i], now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	expire := func(days int) {
		t.Helper()
		s.ArchiveDays = days
		n, err := node.Open(t.Context(), s, node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{})
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	expire(0)
	if left := slices.Sorted(maps.Keys(sums(t, root))); !slices.Equal(left, kept) {
		t.Errorf("without a setting %v is left", left)
	}
	expire(10)
	if left := slices.Sorted(maps.Keys(sums(t, root))); !slices.Equal(left, kept[1:]) {
		t.Errorf("%v is left, want %v", left, kept[1:])
	}
}

// TestABackupTellsOfTheArchive: it holds the archive and says how much of it.
func TestABackupTellsOfTheArchive(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	s := mustSettings(t, f.data, f.schemas)
	f.put(map[string]string{"a": "1"})
	f.settled(s)
	s.ArchiveDays = 1
	f.put(map[string]string{"b": "2"})
	f.settled(s)
	n := mustNode(t, s)
	dir := t.TempDir()
	if r := mustDo[backup.Report](t, n, "backup", node.BackupArgs{Dir: dir}); r.About.Archive != 1 {
		t.Errorf("got %+v", r.About)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if r, err := backup.Restore(t.Context(), dir, restored, backup.Options{}); err != nil || r.About.Archive != 1 {
		t.Errorf("got %+v, %v", r.About, err)
	}
	if got, want := sums(t, filepath.Join(restored, "lake", "archive")), sums(t, filepath.Join(f.data, "lake", "archive")); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTheArchiveRefusesWhatWouldStopCommits: a damaged object and one of a schema that is gone are named, and the others
// are landed.
func TestTheArchiveRefusesWhatWouldStopCommits(t *testing.T) {
	t.Parallel()
	f, s := archivedTwice(t, 1)
	root := filepath.Join(f.data, "lake", "archive")
	kept := slices.Sorted(maps.Keys(sums(t, root)))
	body, err := os.ReadFile(root + kept[0])
	if err != nil {
		t.Fatal(err)
	}
	body[20] ^= 1
	if err := os.WriteFile(root+kept[0], body, 0o600); err != nil {
		t.Fatal(err)
	}
	strange := filepath.Join(root, "gone", filepath.Base(kept[1]))
	if err := os.MkdirAll(filepath.Dir(strange), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strange, body, 0o600); err != nil {
		t.Fatal(err)
	}
	n := mustNode(t, s)
	r := mustDo[node.ArchiveReplayed](t, n, "archive.replay", node.ArchiveArgs{})
	if r.Objects != 1 || len(r.Refused) != 2 || !strings.Contains(strings.Join(r.Refused, "\n"), kept[0][1:]) {
		t.Errorf("got %+v", r)
	}
	if left := sums(t, filepath.Join(f.data, "lake", "landing")); len(left) != 0 {
		t.Errorf("%v is left in the landing", left)
	}
}

// TestTheHistoryIsComparedWithTheArchive: what the archive has is in the history once and says the same, and what a file that is
// lost held is named, where the feed has forgotten all of it.
func TestTheHistoryIsComparedWithTheArchive(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	s := mustSettings(t, f.data, f.schemas)
	s.ArchiveDays = 1
	compare := func(a node.VerifyArgs) verify.Report {
		t.Helper()
		n, err := node.Open(t.Context(), s, node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close(t.Context())
		a.Changes, a.Archive = true, true
		return mustDo[[]verify.Report](t, n, "verify", a)[0]
	}
	f.put(map[string]string{"a": "1", "b": "2", "c": "3"})
	f.settled(s)
	f.put(map[string]string{"a": "10", "d": "4"})
	f.settled(s)
	f.forget()
	r := compare(node.VerifyArgs{})
	if !r.Clean() || r.Mode != "archive" || r.Store != 5 || r.Lake != 5 || r.StoreSum != r.LakeSum || len(r.Shards) == 0 {
		t.Fatalf("got %+v", r)
	}
	if r := compare(node.VerifyArgs{To: time.Now().Add(-time.Hour)}); !r.Clean() || r.Store != 0 {
		t.Errorf("of another time: got %+v", r)
	}
	if r := compare(node.VerifyArgs{Region: "unknown"}); !r.Clean() || r.Store != 0 {
		t.Errorf("of another region: got %+v", r)
	}

	f.settledWithout(s, map[string]string{"e": "5"}) // committed, and not in the archive
	r = compare(node.VerifyArgs{})
	if !r.Clean() || r.Store != 5 {
		t.Errorf("what was never archived is no difference: got %+v", r)
	}
	files, err := filepath.Glob(filepath.Join(f.data, "lake/tables/things_changes/data/*/*/*.parquet"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	slices.Sort(files)
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if r = compare(node.VerifyArgs{}); r.Clean() || r.Missing == 0 || r.Extra+r.Different+r.Doubled != 0 {
		t.Errorf("a file is lost: got %+v", r)
	}
	n := mustNode(t, s)
	if err := n.Do(t.Context(), "certify", node.VerifyArgs{Changes: true, Archive: true}, nil, node.Silent); !fault.Is(err, fault.Invalid) {
		t.Errorf("certified: %v", err)
	}
	if err := n.Do(t.Context(), "verify", node.VerifyArgs{Archive: true}, nil, node.Silent); !fault.Is(err, fault.Invalid) {
		t.Errorf("without changes: %v", err)
	}
}

// settledWithout writes things and lets a node without an archive commit them.
func (f *thingsFolder) settledWithout(s config.Up, all map[string]string) {
	f.tb.Helper()
	s.ArchiveDays = 0
	f.put(all)
	f.settled(s)
}
