package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/blob/mirror"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
)

// heldObject is an object of a bucket in memory. It counts reads.
type heldObject struct {
	body     []byte
	reads    int
	largest  int
	closed   int
	breaksAt int64 // reads that pass it fail; 0: none does
}

var errBreaks = fault.New(fault.Transient, "the connection broke off")

func (o *heldObject) Open(_ context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error) {
	if key != "tables/a/1.parquet" {
		return nil, 0, fault.New(fault.NotFound, "no object %s", key)
	}
	return o, int64(len(o.body)), nil
}

func (o *heldObject) Close() error { o.closed++; return nil }

func (o *heldObject) ReadAt(p []byte, at int64) (int, error) {
	o.reads++
	o.largest = max(o.largest, len(p))
	if end := at + int64(len(p)); o.breaksAt > 0 && at < o.breaksAt && end > o.breaksAt {
		return 0, errBreaks
	}
	return bytes.NewReader(o.body).ReadAt(p, at)
}

// manyNumbers is a Parquet file of several parts and row groups, none of which can be made smaller.
func manyNumbers(tb testing.TB) []byte {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var body bytes.Buffer
	w := parquet.NewGenericWriter[struct{ A, B int64 }](&body, parquet.MaxRowsPerRowGroup(300_000))
	rows := make([]struct{ A, B int64 }, 700_000)
	for i := range rows {
		rows[i].A, rows[i].B = rng.Int64(), rng.Int64()
	}
	if _, err := w.Write(rows); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return body.Bytes()
}

func mustCopies(tb testing.TB, o *heldObject) (*node.Node, *mirror.Mirror, string) {
	tb.Helper()
	copies, err := mirror.Open(filepath.Join(tb.TempDir(), "copies"), o, 1<<30)
	if err != nil {
		tb.Fatal(err)
	}
	return node.OfBucket(o, copies), copies, filepath.Join(copies.Root(), "tables", "a", "1.parquet")
}

// TestDamagedObjectsOfABucket: an object of its right size that cannot be read to its end is lost, wherever the damage is; one that the
// bucket does not hand over is not, nor one that is whole.
func TestDamagedObjectsOfABucket(t *testing.T) {
	t.Parallel()
	whole := manyNumbers(t)
	size := int64(len(whole))
	if size < 2*node.PartOf {
		t.Fatalf("the file has only %d bytes", size)
	}
	damaged := func(from, to int64) []byte {
		body := bytes.Clone(whole)
		for i := from; i < to; i++ {
			body[i] ^= 0xa5
		}
		return body
	}
	for _, c := range []struct {
		name   string
		object heldObject
		bad    bool
		err    error
	}{
		{"whole", heldObject{body: whole}, false, nil},
		{"its first page", heldObject{body: damaged(4, 40)}, true, nil},
		{"pages in the middle", heldObject{body: damaged(size/2-600_000, size/2)}, true, nil},
		{"its footer", heldObject{body: damaged(size-60, size-8)}, true, nil},
		{"its magic", heldObject{body: damaged(size-4, size)}, true, nil},
		{"it breaks off", heldObject{body: whole, breaksAt: size / 2}, false, errBreaks},
		{"it breaks off behind damage", heldObject{body: damaged(size/2+10, size/2+600_000), breaksAt: size / 4}, false, errBreaks},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n, _, path := mustCopies(t, &c.object)
			bad, err := n.IsBroken(t.Context(), path)
			if bad != c.bad || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v", bad, err)
			}
			if n.IsLost(t.Context(), path, size) != c.bad {
				t.Errorf("it is lost: %v", !c.bad)
			}
			if most := int(size/node.PartOf) + 8; c.object.reads > most || c.object.largest > node.PartOf || c.object.closed == 0 {
				t.Errorf("%d reads of at most %d bytes; want at most %d reads", c.object.reads, c.object.largest, most)
			}
			if again, err := n.IsBroken(t.Context(), path); again || !errors.Is(err, c.err) {
				t.Errorf("once more: got %v, %v", again, err)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("it was copied to be looked at")
			}
		})
	}
	n, _, path := mustCopies(t, &heldObject{body: whole})
	if bad, err := n.IsBroken(t.Context(), filepath.Join(filepath.Dir(path), "gone.parquet")); bad || err != nil {
		t.Errorf("one that is gone: got %v, %v", bad, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := n.IsBroken(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: got %v", err)
	}
}

// TestADamagedCopyIsMadeAgain: where the object is whole and its copy on this machine is not, only the copy goes.
func TestADamagedCopyIsMadeAgain(t *testing.T) {
	t.Parallel()
	whole := manyNumbers(t)
	n, copies, path := mustCopies(t, &heldObject{body: whole})
	hold := func() {
		t.Helper()
		release, err := copies.Hold(t.Context(), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	hold()
	if bad, err := n.IsBroken(t.Context(), path); bad || err != nil {
		t.Fatalf("both are whole: got %v, %v", bad, err)
	}
	if err := os.WriteFile(path, append(bytes.Repeat([]byte{7}, len(whole)/2), whole[len(whole)/2:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if bad, err := n.IsBroken(t.Context(), path); !bad || err != nil || n.IsLost(t.Context(), path, int64(len(whole))) {
		t.Errorf("got %v, %v; lost %v", bad, err, n.IsLost(t.Context(), path, int64(len(whole))))
	}
	hold()
	if body, err := os.ReadFile(path); err != nil || !bytes.Equal(body, whole) {
		t.Errorf("the copy is not the object: %v", err)
	}
	if bad, err := n.IsBroken(t.Context(), path); bad || err != nil {
		t.Errorf("again: got %v, %v", bad, err)
	}
}
