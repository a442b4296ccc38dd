package fast_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/fast"
)

// asChild tells the test binary that it is a child, with its arguments.
const asChild = "TARN_BENCH_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(asChild); args != "" {
		if err := fast.Child(context.Background(), strings.Split(args, "\n"), os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), asChild+"="+strings.Join(args, "\n"))
	return cmd
}

func TestEverySectionMeasures(t *testing.T) {
	t.Parallel()
	r, err := fast.Run(t.Context(), fast.Options{Rounds: 1, Slice: time.Millisecond, Rows: 10_000, Launch: 20_000, Ring: 16 << 20, Folder: t.TempDir(), Child: child})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.Print(&text)
	t.Log(text.String())
	for _, f := range r.Figures {
		if f.Median <= 0 || f.Min > f.Median || f.Max < f.Median {
			t.Errorf("%s, %s: got %+v", f.Section, f.Name, f)
		}
		if f.Ratio != nil && f.Ratio.Median <= 0 {
			t.Errorf("%s, %s: got ratio %v", f.Section, f.Name, f.Ratio)
		}
	}
	if len(r.Targets) < 18 || r.Launch == nil || !r.Launch.Holds() {
		t.Errorf("got %d targets, launch day %+v", len(r.Targets), r.Launch)
	}
}

func TestUnknownSectionIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := fast.Run(t.Context(), fast.Options{Only: []string{"decoding"}}); err == nil || !strings.Contains(err.Error(), "decoding") {
		t.Errorf("got %v", err)
	}
}
