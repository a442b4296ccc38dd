package node_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

// certificatesDir holds a data folder, and certificates of it that the programs of their forms wrote: a field that is masked, two of which
// the beginning or the age is kept, a map and an object; records that were made, changed and removed.
const certificatesDir = "testdata/certificates"

// goldenFolder is a copy of the data folder of the certificates.
func goldenFolder(t *testing.T) *thingsFolder {
	t.Helper()
	f := &thingsFolder{t, filepath.Join(t.TempDir(), "data"), t.TempDir()}
	for _, name := range []string{"people.yaml", "people.lock.json"} {
		text, err := os.ReadFile(filepath.Join(certificatesDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.schemas, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := os.Open(filepath.Join(certificatesDir, "folder.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(plain); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return f
		}
		if err != nil {
			t.Fatal(err)
		}
		unpack(t, filepath.Join(f.data, filepath.FromSlash(h.Name)), h, files)
	}
}

func unpack(t *testing.T, path string, h *tar.Header, from io.Reader) {
	t.Helper()
	if h.Typeflag == tar.TypeDir {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return
	}
	body, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func goldenCertificates(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, form := range []string{"v2", "v3", "v4", "v5"} {
		for _, mode := range []string{"state", "changes"} {
			text, err := os.ReadFile(filepath.Join(certificatesDir, form+"-"+mode+".json"))
			if err != nil {
				t.Fatal(err)
			}
			all[form+" "+mode] = string(text)
		}
	}
	return all
}

// TestCertificatesOfEveryFormAreChecked: what a certificate of an earlier form says is read again and compared, sums in the way of its
// time. It stands while the lake is as it was, and no longer once a single value is another.
func TestCertificatesOfEveryFormAreChecked(t *testing.T) {
	t.Parallel()
	f, certificates := goldenFolder(t), goldenCertificates(t)
	check := func(want bool) {
		t.Helper()
		f.with(func(n *node.Node) {
			for name, text := range certificates {
				all := mustDo[[]node.Checked](t, n, "certificate", node.CertificateArgs{Certificate: text})
				if len(all) != 1 || !all[0].Clean || all[0].Same != want || all[0].Commit != 4 || !strings.HasSuffix(name, all[0].Mode) {
					t.Errorf("%s: got %+v, want the same: %t", name, all, want)
				}
				if records := map[string]int64{"state": 2, "changes": 5}[all[0].Mode]; all[0].Was != records || all[0].Is != records {
					t.Errorf("%s: %d records then, %d now, want %d", name, all[0].Was, all[0].Is, records)
				}
			}
		})
	}
	check(true)

	registry, err := node.LoadSchemas(f.schemas)
	if err != nil {
		t.Fatal(err)
	}
	v := newVandalOf(t, f.data, registry, "people")
	file, b, row := v.take(opIs(record.Modify)) // the newest change of a record that is there
	b.Leaf("zip").BytesAt(row)[0] ^= 1
	_, body := v.encode(file, b)
	if err := os.WriteFile(file.Path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	check(false)
}

// TestAnOldCertificateIsSigned: what an earlier program signed cannot be changed, nor passed for a certificate of another form.
func TestAnOldCertificateIsSigned(t *testing.T) {
	t.Parallel()
	f := goldenFolder(t)
	f.with(func(n *node.Node) {
		for name, text := range goldenCertificates(t) {
			for what, changed := range map[string]string{
				"another commit": strings.Replace(text, `"commit": 4`, `"commit": 3`, 1),
				"another form":   strings.NewReplacer(`"format": 2`, `"format": 4`, `"format": 3`, `"format": 4`, `"format": 4`, `"format": 3`, `"format": 5`, `"format": 4`).Replace(text),
			} {
				err := n.Do(t.Context(), "certificate", node.CertificateArgs{Certificate: changed}, nil, node.Silent)
				if changed == text || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "changed after it was signed") {
					t.Errorf("%s, %s: got %v", name, what, err)
				}
			}
		}
	})
}
