package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	contract "github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/verify"
)

func signingKey(fill byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{fill}, ed25519.SeedSize))
}

func mustCertify(tb testing.TB, key ed25519.PrivateKey) []byte {
	tb.Helper()
	r := verify.Report{Dataset: "orders", Mode: "state", Lake: 3, LakeSum: "0f", Pin: verify.Pin{Commit: 7, Snapshots: map[string]int64{"orders_changes": 9}}, Missing: 1,
		Differences: []verify.Difference{{What: verify.Missing, Key: "a<b>"}}}
	text, err := verify.Certify([]verify.Report{r}, verify.Context{Holes: []contract.Hole{{ID: "h"}}, Held: map[string]int64{"passes": 2}}, "test", time.Unix(1795132800, 0), key)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestCertificateReadsBack(t *testing.T) {
	t.Parallel()
	key := signingKey(1)
	text := mustCertify(t, key)
	for name, form := range map[string]func() []byte{
		"as it was written": func() []byte { return text },
		"without spaces": func() []byte {
			var b bytes.Buffer
			if err := json.Compact(&b, text); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		},
	} {
		got, err := verify.OpenCertificate(form(), key.Public().(ed25519.PublicKey))
		if err != nil || got.Clean || got.Reports[0].Pin.Commit != 7 || got.Version != "test" || len(got.Holes) != 1 || got.Held["passes"] != 2 {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if diff := cmp.Diff([]verify.Difference{{What: verify.Missing, Key: "a<b>"}}, got.Reports[0].Differences); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCertificateRefusals(t *testing.T) {
	t.Parallel()
	key := signingKey(1)
	text := string(mustCertify(t, key))
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "PDF", "no certificate"},
		{"another document", `{"a":1}`, "no certificate"},
		{"a number changed", strings.Replace(text, `"lake": 3`, `"lake": 4`, 1), "changed after it was signed"},
		{"a difference hidden", strings.Replace(text, `"clean": false`, `"clean": true`, 1), "changed after it was signed"},
		{"the signature changed", strings.Replace(text, `"signature": "`, `"signature": "A`, 1), "changed after it was signed"},
		{"another's key", string(mustCertify(t, signingKey(2))), "not with this data folder's"},
	} {
		_, err := verify.OpenCertificate([]byte(c.text), key.Public().(ed25519.PublicKey))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) || c.text == text {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// TestCertificatesOfEarlierForms: the hash of each form that is known, and a sentence for those that are not.
func TestCertificatesOfEarlierForms(t *testing.T) {
	t.Parallel()
	for format, want := range map[int]uint64{2: 0x40bcd21dff23b2c1, 3: verify.Hash([]byte("tarn")), 4: verify.Hash([]byte("tarn")), verify.CertificateFormat: verify.Hash([]byte("tarn"))} {
		hash, err := verify.Hasher(format)
		if err != nil || hash([]byte("tarn")) != want {
			t.Errorf("format %d: got %x, %v, want %x", format, hash([]byte("tarn")), err, want)
		}
	}
	for _, format := range []int{0, 1, verify.CertificateFormat + 1} {
		if _, err := verify.Hasher(format); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "version of the program") {
			t.Errorf("format %d: got %v", format, err)
		}
	}
}

// TestCertificatesOfUnknownFormsAreRefused: signed by the right key as they are, with the program that can check them.
func TestCertificatesOfUnknownFormsAreRefused(t *testing.T) {
	t.Parallel()
	key := signingKey(1)
	for _, format := range []int{0, 1, verify.CertificateFormat + 1} {
		plain, err := json.Marshal(verify.Certificate{Format: format, Version: "9.8.7", Clean: true})
		if err != nil {
			t.Fatal(err)
		}
		encode := base64.StdEncoding.EncodeToString
		text, err := json.Marshal(map[string]any{
			"certificate": json.RawMessage(plain), "key": encode(key.Public().(ed25519.PublicKey)), "signature": encode(ed25519.Sign(key, plain)),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = verify.OpenCertificate(text, key.Public().(ed25519.PublicKey))
		want := fmt.Sprintf("the certificate was made by tarn 9.8.7: it has format %d, and this program knows formats 2 to %d", format, verify.CertificateFormat)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("format %d: got %v", format, err)
		}
	}
}
