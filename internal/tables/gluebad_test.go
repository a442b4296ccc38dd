//go:build integration

package tables_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
)

// While Glue refuses, the message says what to do, nothing is committed, and the table goes on once it answers again. Where
// the table cannot be read either, it is not known whether the commit is there, which only trying again finds out.
func TestGlueRefuses(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, action, code string
		want               fault.Kind
		says               string
	}{
		{"no right to commit", "UpdateTable", "AccessDeniedException", fault.ReadOnly, "commit to table lakeN.passes_changes in Glue: AWS refuses it: give the credentials in use the right"},
		{"no right to read", "GetTable", "AccessDeniedException", fault.Transient, "ask Glue for table lakeN.passes_changes: AWS refuses it"},
		{"an expired token", "GetTable", "ExpiredTokenException", fault.Transient, "sign in again or renew the session token"},
		{"a token that expires in between", "UpdateTable", "ExpiredTokenException", fault.Transient, "sign in again or renew the session token"},
		{"wrong credentials", "GetTable", "UnrecognizedClientException", fault.Transient, "check AWS_ACCESS_KEY_ID"},
		{"throttled", "UpdateTable", "ThrottlingException", fault.Transient, "slow down"},
		{"another commit", "UpdateTable", "ConcurrentModificationException", fault.Conflict, "another commit was first"},
	}
	w := newWorld(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var refusing atomic.Bool
			through := &world{objects: w.objects, glue: refuser(t, w.glue, row.action, row.code, &refusing)}
			through.lakes.Store(w.lakes.Add(1) * 1000)
			l := through.lake(t)
			tab := l.table(t, passes())
			base := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
			refusing.Store(true)
			_, err := tab.Append(t.Context(), base, []tables.NewFile{l.write(t, "2026-11-21", 2)}, tables.Update{Marker: "m", Commit: 2})
			says := strings.ReplaceAll(row.says, "lakeN", filepath.Base(l.root))
			if !fault.Is(err, row.want) || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v: %v, want %v that says %q", fault.Of(err), err, row.want, says)
			}
			refusing.Store(false)
			now := l.now(t, tab)
			if now.ID != base.ID {
				t.Error("what was refused is there")
			}
			if next := l.append(t, tab, now, 2, nil, "2026-11-21"); len(l.files(t, next, tables.Filter{})) != 2 {
				t.Error("the table does not go on")
			}
		})
	}
}

// refuser is Glue, but for one action while refusing.
func refuser(t *testing.T, glue, action, code string, refusing *atomic.Bool) string {
	t.Helper()
	target, err := url.Parse(glue)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refusing.Load() && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+action) {
			answer(w, 400, code)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A bucket that is gone is not an empty lake: reading and committing say so, and go on once it is back.
func TestGlueBucketIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lake(t)
	tab := l.table(t, passes())
	base := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
	file := l.write(t, "2026-11-21", 2)
	at, aside := filepath.Join(w.objects.Folder, bucketName), filepath.Join(t.TempDir(), "aside")
	if err := os.Rename(at, aside); err != nil {
		t.Fatal(err)
	}
	const says = "bucket " + bucketName + " does not exist: create it"
	_, err := tab.Append(t.Context(), base, []tables.NewFile{file}, tables.Update{Marker: "m", Commit: 2})
	for doing, err := range map[string]error{"commit": err, "read": l.read(t)} {
		if !fault.Is(err, fault.ReadOnly) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want it to say %q", doing, err, says)
		}
	}
	if err := os.Rename(aside, at); err != nil {
		t.Fatal(err)
	}
	if next := l.append(t, tab, l.now(t, tab), 2, nil, "2026-11-21"); next.Rows != 20 {
		t.Errorf("%d rows, want 20", next.Rows)
	}
}

// What is in Glue under a name of ours and is no Iceberg table is left alone.
func TestGlueTableOfAnotherKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lake(t)
	l.table(t, passes()) // makes the database
	client, database, spec := sdk.NewFromConfig(w.aws(t, w.glue)), filepath.Base(l.root), passes()
	spec.Name = "visits_changes"
	_, err := client.CreateTable(t.Context(), &sdk.CreateTableInput{DatabaseName: &database, TableInput: &types.TableInput{Name: aws.String(spec.Name)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.cat.Table(t.Context(), spec); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "is not an Iceberg table: drop it, or choose another database") {
		t.Errorf("got %v", err)
	}
	if names, err := l.cat.Names(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("the tables are %v, %v", names, err)
	}
}
