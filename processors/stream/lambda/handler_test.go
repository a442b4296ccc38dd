package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/stream/lambda"
	"github.com/tarn-lake/tarn/schemas"
)

var _ runtime.Handler = (*lambda.Handler)(nil)

const passes = "movement-pass_passes_v1"

// files keeps what is put. PutFunc, where set, decides first.
type files struct {
	objects map[string][]byte
	PutFunc func(context.Context) error
}

func (f *files) Put(ctx context.Context, key string, body []byte) error {
	if f.PutFunc != nil {
		if err := f.PutFunc(ctx); err != nil {
			return err
		}
	}
	if f.objects == nil {
		f.objects = map[string][]byte{}
	}
	f.objects[key] = bytes.Clone(body)
	return nil
}

func mustRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func mustHandler(tb testing.TB, f land.Files) *lambda.Handler {
	tb.Helper()
	lander, err := land.New(f, mustRegistry(tb), land.Options{MaskKey: []byte("a key of the test")})
	if err != nil {
		tb.Fatal(err)
	}
	return lambda.New(lander, map[string]string{passes: passes}, lambda.Options{})
}

func mustRead(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestEventsAreAnswered(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "next", "final", "early", "bad", "newimage", "expired"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &files{}
			got, err := mustHandler(t, f).Invoke(t.Context(), mustRead(t, name+".json"))
			if err != nil || string(got) != string(mustRead(t, name+".want.json")) {
				t.Errorf("got  %s, %v\nwant %s", got, err, mustRead(t, name+".want.json"))
			}
			want := 1
			if name == "final" {
				want = 0
			}
			if len(f.objects) != want {
				t.Errorf("%d objects landed, want %d", len(f.objects), want)
			}
			for key, object := range f.objects {
				if after := mustAfter(t, key, object); (name == "next" || name == "early") != (after != "") {
					t.Errorf("it names %q as taken before", after)
				}
				if !strings.HasPrefix(key, "landing/"+passes+"/2026-11-01T10:00:00.000/shardId-00000001795132800000-0a1b2c3d/") {
					t.Errorf("it landed as %s", key)
				}
			}
		})
	}
}

// mustAfter returns the sequence number that a landed object names as taken before it.
func mustAfter(tb testing.TB, key string, body []byte) lake.Seq {
	tb.Helper()
	name, err := lake.ParseLandedName(key)
	if err != nil {
		tb.Fatal(err)
	}
	object, err := lake.ParseLanded(name, body)
	if err != nil {
		tb.Fatal(err)
	}
	return object.After
}

func TestWhatNoRetryMendsIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want fault.Kind
		says string
	}{
		"nowindow.bad.json":   {fault.Invalid, "tumbling window (TumblingWindowInSeconds, 1 to 900)"},
		"keysonly.bad.json":   {fault.Invalid, "carries KEYS_ONLY"},
		"othertable.bad.json": {fault.NotFound, "no dataset is fed by the table movement-pass_other"},
	} {
		_, err := mustHandler(t, &files{}).Invoke(t.Context(), mustRead(t, name))
		if !fault.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %s: %v", name, fault.Of(err), err)
		}
	}
	for _, text := range []string{"", "[]", `{"Records":[`} {
		if _, err := mustHandler(t, &files{}).Invoke(t.Context(), []byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestABadDestinationFailsTheBatchFromItsFirstRecord(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.Transient, fault.Full, fault.ReadOnly} {
		f := &files{PutFunc: func(context.Context) error { return fault.New(kind, "down") }}
		h := mustHandler(t, f)
		got, err := h.Invoke(t.Context(), mustRead(t, "next.json"))
		want := `{"state":{"after":"100000000000000000002"},"batchItemFailures":[{"itemIdentifier":"100000000000000000003"}]}`
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v\nwant %s", kind, got, err, want)
		}
		f.PutFunc = nil
		if got, err = h.Invoke(t.Context(), mustRead(t, "next.json")); err != nil || string(got) != string(mustRead(t, "next.want.json")) {
			t.Errorf("%s, again: got %s, %v", kind, got, err)
		}
	}
}

// A destination that hangs is given up while there is still time to answer. The time is simulated: a busy machine takes
// nothing from it.
func TestTheDeadlineIsKept(t *testing.T) {
	t.Parallel()
	f := &files{PutFunc: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	h, event := mustHandler(t, f), mustRead(t, "next.json")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		got, err := h.Invoke(ctx, event)
		if err != nil || !strings.Contains(string(got), `"itemIdentifier":"100000000000000000003"`) || ctx.Err() != nil {
			t.Errorf("got %s, %v, and the function's own time: %v", got, err, ctx.Err())
		}
	})
}

// Members may stand before the records or behind them, written in any way.
func TestTheOrderOfMembersDoesNotMatter(t *testing.T) {
	t.Parallel()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(mustRead(t, "first.json"), &members); err != nil {
		t.Fatal(err)
	}
	names := []string{"shardId", "state", "Records", "window", "eventSourceARN", "isFinalInvokeForWindow", "isWindowTerminatedEarly"}
	for i := range names {
		var parts []string
		for j := range names {
			name := names[(i+j)%len(names)]
			parts = append(parts, fmt.Sprintf("%q :%s", name, members[name]))
		}
		got, err := mustHandler(t, &files{}).Invoke(t.Context(), []byte("{"+strings.Join(parts, ",")+"}"))
		if err != nil || string(got) != string(mustRead(t, "first.want.json")) {
			t.Errorf("beginning with %s: %s, %v", names[i], got, err)
		}
	}
}

// event makes an event of the records from..to of a shard, with the state that its predecessor left.
func event(from, to, after int) []byte {
	var records []string
	for i := from; i <= to; i++ {
		image := fmt.Sprintf(`{"id":{"S":"%032x"},"district":{"N":"1001"},"type":{"S":"R"},"status":{"S":"APPLIED"},"startAt":{"S":"2026-11-20T10:00:00.000Z"},"applicantId":{"S":"0171"}}`, i)
		records = append(records, fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"id":{"S":"%032x"}},"NewImage":%s,"SequenceNumber":"%021d","StreamViewType":"NEW_AND_OLD_IMAGES"}}`,
			1795132800+i, i, image, i))
	}
	state := "{}"
	if after > 0 {
		state = fmt.Sprintf(`{"after":"%d"}`, after)
	}
	return fmt.Appendf(nil, `{"Records":[%s],"state":%s,"shardId":"shardId-1","eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/%s/stream/2026"}`, strings.Join(records, ","), state, passes)
}

// However often and however cut batches are delivered, the lake has each record once.
func TestDuplicateBisectedAndEnlargedBatchesGiveTheSameRows(t *testing.T) {
	t.Parallel()
	var want []string
	for i := 1; i <= 20; i++ {
		want = append(want, fmt.Sprintf("%032x %040d", i, i))
	}
	for name, events := range map[string][][]byte{
		"plain":           {event(1, 10, 0), event(11, 20, 10)},
		"twice":           {event(1, 10, 0), event(1, 10, 0), event(11, 20, 10), event(11, 20, 10)},
		"bisected":        {event(1, 10, 0), event(1, 5, 0), event(6, 10, 5), event(11, 20, 10)},
		"enlarged":        {event(1, 5, 0), event(1, 20, 0), event(11, 20, 10)},
		"a new window":    {event(1, 10, 0), event(11, 20, 0)},
		"everything anew": {event(1, 10, 0), event(11, 20, 10), event(1, 20, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, every := range []int{1, len(events)} {
				if diff := cmp.Diff(want, committed(t, events, every)); diff != "" {
					t.Errorf("a commit after each %d events:\n%s", every, diff)
				}
			}
		})
	}
}

// committed lands the events, commits after each so many, and returns the keys and sequence numbers of the history.
func committed(t *testing.T, events [][]byte, every int) []string {
	t.Helper()
	root, registry := t.TempDir(), mustRegistry(t)
	objects, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, committer := mustHandler(t, objects), commit.New(objects, catalog, registry, commit.Options{})
	for i, e := range events {
		if _, err := h.Invoke(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if (i+1)%every == 0 {
			if _, err := committer.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	d, _ := registry.Dataset("passes")
	table, err := catalog.Existing(t.Context(), d.ChangesTable())
	if err != nil {
		t.Fatal(err)
	}
	snap, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listed, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, f := range listed {
		body, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		b := columns.New(d.ChangeColumns())
		if err := columns.Read(bytes.NewReader(body), int64(len(body)), b); err != nil {
			t.Fatal(err)
		}
		id, seq := b.Leaf("id"), b.Leaf("_seq")
		for i := range b.Rows() {
			from, _ := id.Values(i)
			at, _ := seq.Values(i)
			rows = append(rows, fmt.Sprintf("%s %s", id.Value(from), seq.Value(at)))
		}
	}
	slices.Sort(rows)
	return rows
}

func TestTheSameBatchGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	one, two := &files{}, &files{}
	for _, f := range []*files{one, two, two} {
		if _, err := mustHandler(t, f).Invoke(t.Context(), event(1, 50, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(one.objects, two.objects); diff != "" || len(two.objects) != 1 {
		t.Errorf("%d objects\n%s", len(two.objects), diff)
	}
}
