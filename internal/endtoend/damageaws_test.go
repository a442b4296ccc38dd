//go:build integration

package endtoend_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/tables"
)

// service returns how one of the setup's services is reached.
func (s setup) service(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: s.setting(endpoint), Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lakeBucket returns the lake's objects, under the keys that they have in a folder.
func lakeBucket(t *testing.T, s setup) *s3.Bucket {
	t.Helper()
	return s3.Open(s3.Client(s.service(t, "TARN_S3_ENDPOINT")), "lake", s3.Options{Prefix: "tarn"})
}

// objects lists the bucket's.
func objects(t *testing.T, b *s3.Bucket, prefix string) []fs.FileInfo {
	t.Helper()
	found, err := b.List(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// current returns the files that a table has now, by their keys in the bucket.
func (a awsTools) current(table string) map[string]tables.File {
	a.t.Helper()
	at := tables.Place{Database: "tarn", Root: "s3://lake/tarn/", Objects: lakeBucket(a.t, a.s)}
	catalog, err := tables.OpenGlue(a.t.Context(), glue.NewFromConfig(a.s.service(a.t, "TARN_GLUE_ENDPOINT")), at, tables.Options{})
	if err != nil {
		a.t.Fatal(err)
	}
	now, err := catalog.Newest(a.t.Context(), table)
	if err != nil || now == nil {
		a.t.Fatalf("table %s: %v", table, err)
	}
	files, err := now.Files(a.t.Context(), tables.Filter{})
	if err != nil {
		a.t.Fatal(err)
	}
	all := map[string]tables.File{}
	for _, f := range files {
		key, err := lake.ParseURL(f.URL)
		if err != nil {
			a.t.Fatal(err)
		}
		all[key] = f
	}
	return all
}

// holes lists those that are open.
func (a awsTools) holes(all *[]lake.Hole) {
	a.t.Helper()
	code, out, said := a.s.tool(a.t, "holes", "list", "--json", "--schemas", a.schemas)
	if err := json.Unmarshal([]byte(out), all); err != nil || code != 0 && len(*all) == 0 {
		a.t.Fatalf("tarn holes list ended with %d: %s%s", code, out, said)
	}
}

// fillsHole damages a landed object that another stands behind, lets the process die when it has told of the hole and not
// set the object aside, and fills the hole. What landed is committed only by the next start: nothing is a matter of time.
func (a awsTools) fillsHole(parts int, put func(i int)) {
	t, b := a.t, lakeBucket(a.t, a.s)
	t.Helper()
	waits, landed := a.s, func() []fs.FileInfo { return objects(t, b, lake.LandingDir+"/") }
	waits.env = append(slices.Clone(a.s.env), "TARN_COMMIT_EVERY=24h")
	p := waits.start(t)
	put(parts)
	p.until("a commit was made, so that the next one waits", func() bool {
		return p.one("SELECT count(*) FROM parts WHERE id LIKE 'p%'") == fmt.Sprint(parts+1) && len(landed()) == 0
	})
	for i := range 2 {
		put(parts + 1 + i)
		p.until("it has landed", func() bool { return len(landed()) == i+1 })
	}
	p.kill()
	damaged := slices.MinFunc(landed(), func(x, y fs.FileInfo) int { return cmp.Compare(x.Name(), y.Name()) }).Name()
	if err := b.Put(t.Context(), damaged, []byte("no landed object")); err != nil {
		t.Fatal(err)
	}
	a.dies("file.move landing/* 1 kill")

	var holes []lake.Hole
	aside := lake.LandingBadDir + strings.TrimPrefix(damaged, lake.LandingDir)
	if a.holes(&holes); len(holes) != 1 || !strings.Contains(holes[0].Reason, aside) || holes[0].To.IsZero() {
		t.Fatalf("of %s there are these holes: %+v", damaged, holes)
	}
	var done node.Backfilled
	if a.run(0, &done, "backfill", "--dataset", "parts", "--scan", "--hole", holes[0].ID); done.Closed != holes[0].ID || done.Receipt == "" || done.Landed != 1 {
		t.Errorf("tarn backfill --hole %s: %+v", holes[0].ID, done)
	}
	if a.holes(&holes); len(holes) != 0 {
		t.Errorf("these holes are open: %+v", holes)
	}
	if bad := objects(t, b, lake.LandingBadDir+"/"); len(bad) != 1 || bad[0].Name() != aside {
		t.Errorf("%v was set aside, want %s", bad, aside)
	}
}

// dies starts a process that kills itself by a plan.
func (a awsTools) dies(plan string) {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "plan")
	if err := os.WriteFile(file, []byte(plan+"\n"), 0o600); err != nil {
		a.t.Fatal(err)
	}
	s := a.s
	s.args = append(slices.Clone(a.s.args), "--faults", file)
	if p := s.launch(a.t); p.code() != -1 {
		a.t.Fatalf("the process did not kill itself\n%s", p.log)
	}
}

// forgets damages a file of the history as it is now, in the bucket and where a copy of it is kept, and lets repair mend
// that: once it is cut short, once it holds other bytes, as many as it had. No process works on the folder: a merge would
// read the file, and not replace it.
func (a awsTools) forgets() {
	cut := func(body []byte) []byte { return body[:len(body)-9] }
	other := func(body []byte) []byte {
		for i := 4; i < len(body)/2; i++ {
			body[i] ^= 0xa5
		}
		return body
	}
	for _, damage := range []func([]byte) []byte{cut, other} {
		a.forgetsOne(damage)
	}
}

func (a awsTools) forgetsOne(damage func(body []byte) []byte) {
	t, b := a.t, lakeBucket(a.t, a.s)
	t.Helper()
	victim, rows := "", int64(0)
	for key, f := range a.current("parts_changes") {
		if f.Rows > rows {
			victim, rows = key, f.Rows
		}
	}
	body, err := b.Get(t.Context(), victim)
	if err == nil {
		err = b.Put(t.Context(), victim, damage(body))
	}
	if err == nil {
		err = os.RemoveAll(filepath.Join(a.s.data, "copies"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if said := a.run(3, nil, "verify", "--changes"); !strings.Contains(said, path.Base(victim)) {
		t.Errorf("tarn verify does not name %s: %s", victim, said)
	}
	var mended []node.Repaired
	if a.run(0, &mended, "repair"); len(mended) != 1 || len(mended[0].Forgotten) != 1 || mended[0].Landed+mended[0].Snapshots == 0 {
		t.Errorf("tarn repair: %+v", mended)
	}
	if _, still := a.current("parts_changes")[victim]; still {
		t.Errorf("%s is still a file of the history", victim)
	}
	a.run(0, nil, "verify", "--changes")
}
