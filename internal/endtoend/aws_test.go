//go:build integration

package endtoend_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/integration"
)

// onAWS returns how a process is started whose records are in DynamoDB Local, its lake in a bucket of versitygw, and its
// tables in moto's Glue.
func onAWS(t testing.TB, env ...string) setup {
	t.Helper()
	objects := integration.S3(t)
	if err := os.Mkdir(filepath.Join(objects.Folder, "lake"), 0o755); err != nil {
		t.Fatal(err)
	}
	return setup{
		data:   filepath.Join(t.TempDir(), "data"),
		bucket: filepath.Join(objects.Folder, "lake"),
		args:   []string{"--store", "dynamodb", "--endpoint", integration.DynamoDB(t), "--lake", "s3://lake/tarn", "--catalog", "glue:tarn"},
		env: append([]string{
			"AWS_REGION=" + integration.Region, "AWS_ACCESS_KEY_ID=" + integration.Key, "AWS_SECRET_ACCESS_KEY=" + integration.Secret,
			"TARN_S3_ENDPOINT=" + objects.Endpoint, "TARN_GLUE_ENDPOINT=" + integration.Glue(t), "TARN_LOG_LEVEL=warn",
		}, env...),
	}
}

// setting returns the value of one of the setup's settings.
func (s setup) setting(name string) string {
	for _, one := range s.env {
		if value, ok := strings.CutPrefix(one, name+"="); ok {
			return value
		}
	}
	return ""
}

// TestTheWholeWayOnAWS writes through the API and asks the lake: DynamoDB, its stream, the bucket, Glue, DuckDB over
// copies of the bucket's files.
func TestTheWholeWayOnAWS(t *testing.T) {
	t.Parallel()
	s := onAWS(t)
	began := time.Now()
	p := s.start(t)
	t.Logf("up and healthy after %s", time.Since(began).Round(time.Millisecond))
	who := p.register(1)
	const applications = 40
	for i := range applications {
		p.want(http.StatusCreated, call{path: "/v1/passes", token: who, body: application(i, fmt.Sprint("place ", i))})
	}
	p.until("the lake has all applications", func() bool { return p.one("SELECT count(*) FROM passes") == fmt.Sprint(applications) })
	if got := p.one("SELECT sum(appliedCount) FROM applicants"); got != fmt.Sprint(applications) {
		t.Errorf("the applicants' counters say %s", got)
	}
	verify(t, s.data)
	if code, out, said := tool(t, s.data, "verify", "--changes", "--json"); code != 0 {
		t.Errorf("tarn verify --changes ended with %d: %s%s", code, out, said)
	}
	p.stop()
	again := setup{data: s.data, env: s.env}.start(t) // the folder knows where its lake is
	if got := again.one("SELECT count(*) FROM passes_changes"); got != fmt.Sprint(applications) {
		t.Errorf("%s changes after a restart, want %d", got, applications)
	}
	again.stop()
	if said := (setup{data: s.data, args: []string{"--store", "embedded"}, env: s.env}).refused(t); !strings.Contains(said, "was begun with the store dynamodb and the lake s3://lake/tarn") {
		t.Errorf("another home for the folder: %s", said)
	}
}

// TestKillMinusNineOnAWS is TestKillMinusNine on DynamoDB, S3 and Glue.
func TestKillMinusNineOnAWS(t *testing.T) {
	t.Parallel()
	seed := uint64(count(t, "TARN_KILL_SEED", int(time.Now().UnixNano()&0xffffff)+1))
	rounds := count(t, "TARN_KILL_ROUNDS_AWS", 6)
	t.Logf("TARN_KILL_SEED=%d", seed)
	k := &killing{t: t, rng: rand.New(rand.NewPCG(seed, 0)), setup: onAWS(t, "TARN_COMMIT_EVERY=50ms", "TARN_SNAPSHOTS=20"), slow: 4 * time.Second}
	k.clients = append(k.clients, newClient(1, seed), newClient(2, seed))
	for round := range rounds {
		k.round(round)
		if t.Failed() {
			break
		}
	}
	k.check()
	k.summary(rounds)
}
