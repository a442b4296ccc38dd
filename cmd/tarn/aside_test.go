package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

// asTool makes this program be tarn with these arguments.
const asTool = "TARN_TEST_AS_TOOL"

func TestMain(m *testing.M) {
	if args := os.Getenv(asTool); args != "" {
		os.Exit(run(context.Background(), strings.Split(args, "\x1f"), os.Getenv, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// sealed is a data folder that the user of its tools cannot write.
type sealed struct {
	t          *testing.T
	data, temp string
	schema     string
	program    string
	user       *syscall.Credential // nil: whoever runs the test
}

// mustSeal takes the rights to write from everybody. Rights mean nothing to root, so tools are somebody else's then.
func mustSeal(t *testing.T, data, schema string) *sealed {
	t.Helper()
	s := &sealed{t: t, data: data, schema: schema, temp: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.program = self
	if os.Getuid() == 0 {
		s.user = &syscall.Credential{Uid: 65534, Gid: 65534}
		s.program = filepath.Join(s.temp, "tarn")
		body, err := os.ReadFile(self)
		if err := errors.Join(err, os.WriteFile(s.program, body, 0o755), os.Chmod(s.program, 0o755)); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{filepath.Dir(data), schema, s.temp} {
			for ; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := os.Chmod(s.temp, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s.each(func(path string, e fs.DirEntry) error {
		if e.IsDir() {
			return os.Chmod(path, 0o555)
		}
		return os.Chmod(path, 0o444)
	})
	t.Cleanup(func() {
		s.each(func(path string, e fs.DirEntry) error {
			if e.IsDir() {
				return os.Chmod(path, 0o755)
			}
			return nil
		})
	})
	return s
}

func (s *sealed) each(do func(path string, e fs.DirEntry) error) {
	s.t.Helper()
	err := filepath.WalkDir(s.data, func(path string, e fs.DirEntry, err error) error {
		return errors.Join(err, do(path, e))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// sums returns the hash of every file.
func (s *sealed) sums() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	s.each(func(path string, e fs.DirEntry) error {
		if e.IsDir() {
			return nil
		}
		body, err := os.ReadFile(path)
		sum := sha256.Sum256(body)
		all[path] = hex.EncodeToString(sum[:])
		return err
	})
	return all
}

// tool runs a tool about the folder.
func (s *sealed) tool(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	var out, said bytes.Buffer
	cmd := exec.Command(s.program)
	cmd.Dir = s.temp
	cmd.Env = []string{asTool + "=" + strings.Join(append(args, "--data", s.data, "--schemas", s.schema), "\x1f"), "TMPDIR=" + s.temp, "TARN_RESERVE_MB=1", "TARN_QUERY_MEMORY_MB=64"}
	cmd.Stdout, cmd.Stderr = &out, &said
	if s.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	}
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		if errors.Is(err, syscall.EPERM) {
			s.t.Skipf("root may not be somebody else here: %v", err)
		}
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("tarn %s ended with %d, want %d: %s%s", strings.Join(args, " "), got, code, &out, &said)
	}
	if left, err := filepath.Glob(filepath.Join(s.temp, "tarn-aside-*")); err != nil || len(left) > 0 {
		s.t.Errorf("tarn %s left %v", strings.Join(args, " "), left)
	}
	return out.String(), said.String()
}

func mustRun(t *testing.T, args ...string) {
	t.Helper()
	var said bytes.Buffer
	env := map[string]string{"TARN_RESERVE_MB": "1", "TARN_QUERY_MEMORY_MB": "64"}
	if code := run(t.Context(), args, func(name string) string { return env[name] }, &said, &said); code != exitOK {
		t.Fatalf("tarn %s ended with %d: %s", strings.Join(args, " "), code, &said)
	}
}

const thingsYAML = `stream: things
table: things
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
region: {from: constant, value: all}
date: {from: change}
`

// mustThings returns a data folder with three things in its store, of which its lake does not know the last.
func mustThings(t *testing.T) (data, schema string) {
	t.Helper()
	data, schema = filepath.Join(t.TempDir(), "data"), t.TempDir()
	none := filepath.Join(t.TempDir(), "none.jsonl")
	err := errors.Join(os.WriteFile(filepath.Join(schema, "things.yaml"), []byte(thingsYAML), 0o644), os.WriteFile(none, nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "load", none, "--dataset", "things", "--data", data, "--schemas", schema)
	put := func(ids ...string) {
		t.Helper()
		registry, err := node.LoadSchemas(schema)
		if err != nil {
			t.Fatal(err)
		}
		store, err := embedded.Open(filepath.Join(data, "store"), ingest.Tables(registry), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			item := record.Item{"id": record.String(id), "n": record.Number("1")}
			if err := store.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "things", Item: item}); err != nil {
				t.Error(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "b")
	mustRun(t, "verify", "--data", data, "--schemas", schema)
	put("c")
	return data, schema
}

// TestAFolderThatCannotBeWritten: whoever may only read a data folder is answered every question about it, also about what has not
// reached its lake yet, and nothing in it changes. What would write is refused with what to do.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	data, schema := mustThings(t)
	s := mustSeal(t, data, schema)
	before := s.sums()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, data + ": "},
		{[]string{"verify"}, "things: clean — store 3, lake 3, history 3 rows"},
		{[]string{"verify", "--changes"}, "things: clean — 3 changes"},
		{[]string{"verify", "--json"}, `"storeSum"`},
		{[]string{"repair", "--dry-run"}, "things: clean"},
		{[]string{"sql", "SELECT 40 + count(*) AS n FROM things", "--csv"}, "\n42"},
		{[]string{"ledger"}, "things_changes"},
		{[]string{"holes"}, ""},
		{[]string{"quarantine", "list"}, ""},
		{[]string{"retain", "--dry-run"}, ""},
	} {
		out, said := s.tool(exitOK, c.args...)
		if !strings.Contains(strings.ReplaceAll(out, "\r", ""), c.want) || !strings.Contains(said, data+" cannot be written, so it is looked at in") {
			t.Errorf("tarn %v says %q and %q, want %q", c.args, out, said, c.want)
		}
	}
	for _, args := range [][]string{{"compact"}, {"repair"}, {"verify", "--certify", filepath.Join(s.temp, "c.json")}, {"backup", filepath.Join(s.temp, "b")}} {
		_, said := s.tool(exitFailed, args...)
		for _, words := range []string{"writes into the data folder " + data + ", which cannot be written: give the right to", "`tarn restore`", "--data", "permission denied"} {
			if !strings.Contains(said, words) {
				t.Errorf("tarn %v does not say %q: %s", args, words, said)
			}
		}
	}
	if after := s.sums(); !maps.Equal(before, after) {
		t.Errorf("the folder changed: %d files, and %d before", len(after), len(before))
	}
}
