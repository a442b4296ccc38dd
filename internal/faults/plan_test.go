package faults_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/faults"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

const everyFault = `file.put landing/* 3-5 fail transient
file.list - %4 tear
table.publish - 2 kill
feed.read items/0 %7 again
feed.read - 9 cut
disk.* tables 1 fail full
file.get - 1 slow 20ms
file.move - 2 lose
file.put - 8 jump -1h0m0s
`

func TestPlansAreTheirText(t *testing.T) {
	t.Parallel()
	p, err := faults.Parse("# nothing yet\n\n" + strings.ReplaceAll(everyFault, "\n", " # said\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != everyFault {
		t.Errorf("got\n%s", got)
	}
}

func TestBadPlans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"file.put", "want <step>"},
		{"file.put [ 1 fail", "is no pattern"},
		{"file.put - 0 fail", "is not a number from 1 on"},
		{"file.put - 5-2 fail", "ends before it begins"},
		{"file.put - 1 explode", "none of fail"},
		{"file.put - 1 fail sometimes", "no kind of error"},
		{"file.put - 1 slow", "how long?"},
		{"file.put - 1 slow -3s", "is not a time"},
		{"file.put - 1 kill now", "one word too many"},
	} {
		_, err := faults.Parse("file.get - 1 fail\n" + c.line)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Line != 2 || !strings.Contains(e.Fields[0].Message, c.want) {
			t.Errorf("%s: got %v", c.line, err)
		}
	}
}

// FuzzParse: what parses prints back as what parses to the same.
func FuzzParse(f *testing.F) {
	f.Add(everyFault)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := faults.Parse(text)
		if err != nil {
			return
		}
		again, err := faults.Parse(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%q became %q, %v", text, p, err)
		}
	})
}

func mustInject(t *testing.T, text string, o faults.Options) *faults.Injector {
	t.Helper()
	p, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return faults.New(p, o)
}

func TestFilesWithFaults(t *testing.T) {
	t.Parallel()
	store, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	in := mustInject(t, "file.put landing/* 2 fail full\nfile.put - 2 lose\nfile.list - 2 tear\nfile.get - 1 kill", faults.Options{Kill: func() { killed++ }})
	files, ctx := in.Files(store), context.Background()
	put := func(key string) error { return files.Put(ctx, key, []byte(key)) }
	if err := errors.Join(put("landing/a"), put("tables/a")); !fault.Is(err, fault.Transient) { // the second that the second rule met
		t.Errorf("got %v, want a lost answer", err)
	}
	if _, err := os.Stat(store.Path("tables/a")); err != nil {
		t.Errorf("what was done before its answer was lost: %v", err)
	}
	if err := put("landing/b"); !fault.Is(err, fault.Full) {
		t.Errorf("got %v, want the disk full", err)
	}
	names := func(all []fs.FileInfo, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, one := range all {
			out = append(out, one.Name())
		}
		return strings.Join(out, " ")
	}
	if got := names(files.List(ctx, "landing/")); got != "landing/a" {
		t.Errorf("got %s", got)
	}
	for _, key := range []string{"landing/b", "landing/c"} {
		if err := put(key); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(files.List(ctx, "landing/")); got != "landing/a landing/c" {
		t.Errorf("torn: got %s", got)
	}
	if got := names(files.List(ctx, "landing/")); got != "landing/a landing/b landing/c" {
		t.Errorf("got %s", got)
	}
	if _, err := files.Get(ctx, "landing/a"); err == nil || killed != 1 {
		t.Errorf("killed %d times, %v", killed, err)
	}
	in.Stop()
	if body, err := files.Get(ctx, "landing/a"); err != nil || string(body) != "landing/a" {
		t.Errorf("got %q, %v", body, err)
	}
	if in.Total() != 4 || in.Struck()["file.put lose"] != 1 {
		t.Errorf("struck %v", in.Struck())
	}
}

// pages is a source that tells how it was read.
type pages struct {
	after []lake.Seq
	limit []int
}

func (p *pages) Shards(context.Context, string) ([]feed.Shard, error) { return nil, nil }
func (p *pages) Wait(context.Context, string) error                   { return nil }
func (p *pages) Read(_ context.Context, _ string, _ feed.Shard, after lake.Seq, limit int) (feed.Page, error) {
	p.after, p.limit = append(p.after, after), append(p.limit, limit)
	return feed.Page{Records: 1}, nil
}

func TestFeedWithFaults(t *testing.T) {
	t.Parallel()
	var source pages
	in := mustInject(t, "feed.read items/0 2 again\nfeed.read - 2 cut\nfeed.read - 3 lose", faults.Options{})
	f := in.Feed(&source)
	lost := 0
	for _, after := range []lake.Seq{"", "1", "2", "3", "4"} {
		page, err := f.Read(context.Background(), "items", feed.Shard{ID: "0"}, after, 10)
		if err != nil {
			lost++
		} else if page.Records != 1 {
			t.Errorf("after %q: %+v", after, page)
		}
	}
	// Again: the second read begins where the first did. Cut and lose meet one read less, that one.
	want := pages{after: []lake.Seq{"", "", "2", "3", "4"}, limit: []int{10, 20, 5, 10, 10}}
	for i := range want.after {
		if source.after[i] != want.after[i] || source.limit[i] != want.limit[i] {
			t.Errorf("read %d: after %q, %d", i, source.after[i], source.limit[i])
		}
	}
	if lost != 1 {
		t.Errorf("lost %d; struck %v", lost, in.Struck())
	}
}

func TestTheClockJumps(t *testing.T) {
	t.Parallel()
	in := mustInject(t, "feed.shards - 2-3 jump 1h", faults.Options{Now: func() time.Time { return time.Unix(0, 0) }})
	f := in.Feed(&pages{})
	for i, want := range []int64{0, 3600, 7200, 7200} {
		if _, err := f.Shards(context.Background(), "items"); err != nil {
			t.Fatal(err)
		}
		if got := in.Now().Unix(); got != want {
			t.Errorf("after %d looks the clock says %d, want %d", i+1, got, want)
		}
	}
}
