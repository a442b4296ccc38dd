//go:build integration

package tables_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// Thirty processes commit at once, each beginning again after a conflict: every commit is there, once.
func TestGlueCommitsAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	const writers = 30
	w := newWorld(t)
	l := w.lake(t)
	l.table(t, passes())
	var conflicts atomic.Int32
	var wg sync.WaitGroup
	for range writers {
		other := l.reopen(t)
		file := other.write(t, "2026-11-20", 1)
		wg.Go(func() {
			for {
				base, err := other.tab.Snapshot(t.Context())
				if err == nil {
					_, err = other.tab.Append(t.Context(), base, []tables.NewFile{file}, tables.Update{Marker: uuid.NewString(), Commit: base.Commit + 1})
				}
				if err == nil {
					return
				}
				if !fault.Is(err, fault.Conflict) {
					t.Errorf("a commit fails: %v", err)
					return
				}
				conflicts.Add(1)
			}
		})
	}
	wg.Wait()
	now := l.now(t, l.tab)
	if got := len(l.files(t, now, tables.Filter{})); got != writers || now.Commit != writers || now.Rows != writers*10 {
		t.Errorf("%d files, commit %d, %d rows; want %d, %d, %d", got, now.Commit, now.Rows, writers, writers, writers*10)
	}
	if conflicts.Load() == 0 {
		t.Error("there was no conflict: the test has tested nothing")
	}
	t.Logf("SUMMARY Glue: %d commits at once, %d conflicts, %d lost", writers, conflicts.Load(), writers-now.Commit)
}

// Glue has applied an update and its answer is lost: as an error, as a conflict, as a connection that breaks.
func TestGlueLostAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, lose := range map[string]func(http.ResponseWriter){
		"an error of Glue's":      func(w http.ResponseWriter) { answer(w, 500, "InternalServiceException") },
		"a supposed conflict":     func(w http.ResponseWriter) { answer(w, 400, "ConcurrentModificationException") },
		"a connection that broke": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var armed atomic.Bool
			through := &world{objects: w.objects, glue: loser(t, w.glue, &armed, lose)}
			through.lakes.Store(w.lakes.Add(1) * 1000)
			l := through.lake(t)
			tab := l.table(t, passes())
			base := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
			armed.Store(true)
			done, err := tab.Append(t.Context(), base, []tables.NewFile{l.write(t, "2026-11-21", 2)}, tables.Update{Marker: "m", Commit: 2})
			if err != nil || !done.Has("m") || done.Commit != 2 {
				t.Fatalf("a commit that is there is reported as %v", err)
			}
			if armed.Load() {
				t.Fatal("no answer was lost")
			}
			next := l.append(t, tab, done, 3, nil, "2026-11-22")
			if got := l.files(t, next, tables.Filter{}); len(got) != 3 || next.Rows != 30 {
				t.Errorf("%d files, %d rows; want 3, 30", len(got), next.Rows)
			}
		})
	}
}

// loser is Glue behind a wire that loses the answer to the next update while armed.
func loser(t *testing.T, glue string, armed *atomic.Bool, lose func(http.ResponseWriter)) string {
	t.Helper()
	target, err := url.Parse(glue)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateTable") || !armed.CompareAndSwap(true, false) {
			proxy.ServeHTTP(w, r)
			return
		}
		applied := httptest.NewRecorder()
		proxy.ServeHTTP(applied, r)
		if applied.Code != http.StatusOK {
			t.Errorf("the update was not applied: %d %s", applied.Code, applied.Body)
		}
		lose(w)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"__type":"`+code+`","Message":"no"}`)
}

// Glue's entry holds where the metadata is and no copy of it; what others say of the table stays, but for copies of our
// properties.
func TestGlueEntryStaysSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lake(t)
	tab := l.table(t, passes())
	database := l.root[strings.LastIndexByte(l.root, '/')+1:]
	client := sdk.NewFromConfig(w.aws(t, w.glue))
	entry := func() *types.Table {
		out, err := client.GetTable(t.Context(), &sdk.GetTableInput{DatabaseName: &database, Name: aws.String(tab.Name())})
		if err != nil {
			t.Fatal(err)
		}
		return out.Table
	}
	snap := l.append(t, tab, l.now(t, tab), 1, lake.Watermarks{"s/1": {Seq: seq(1), At: noon}}, "2026-11-20")
	first := entry()
	first.Parameters["tarn.watermarks"], first.Parameters["owner"] = "a stale copy", "the data office"
	first.Parameters["write.metadata.previous-versions-max"] = "7"
	_, err := client.UpdateTable(t.Context(), &sdk.UpdateTableInput{DatabaseName: &database, TableInput: &types.TableInput{
		Name: first.Name, Parameters: first.Parameters, StorageDescriptor: first.StorageDescriptor, Description: aws.String("passes"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	snap = l.append(t, tab, snap, 2, lake.Watermarks{"s/1": {Seq: seq(2), At: noon}}, "2026-11-20")
	now := entry()
	got := map[string]string{}
	for name, value := range now.Parameters {
		if strings.HasSuffix(name, "metadata_location") {
			value = value[:strings.LastIndexByte(value, '/')]
		}
		got[name] = value
	}
	at := "s3://" + bucketName + "/" + database + "/tables/passes_changes/metadata"
	want := map[string]string{"table_type": "ICEBERG", "metadata_location": at, "previous_metadata_location": at, "owner": "the data office"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if aws.ToString(now.Description) != "passes" || now.Parameters["previous_metadata_location"] != first.Parameters["metadata_location"] {
		t.Errorf("the entry says %+v", now)
	}
	if n := len(now.StorageDescriptor.Columns); n != len(passes().Columns) {
		t.Errorf("%d columns", n)
	}
	if snap.Watermarks["s/1"].Seq != seq(2) {
		t.Error("the watermarks are lost")
	}
}
