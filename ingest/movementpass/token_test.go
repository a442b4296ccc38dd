package movementpass_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tarn-lake/tarn/ingest/movementpass"
	"github.com/tarn-lake/tarn/internal/fault"
)

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokenIsReadBack(t *testing.T) {
	t.Parallel()
	ours := movementpass.NewTokens(secret, "movement-pass.com", func() time.Time { return noon })
	text, err := ours.Issue("01712345678", "Rahima", "https://photos.example.org/a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is known
		if id, err := ours.Read(text); err != nil || id != "01712345678" {
			t.Fatalf("got %q, %v", id, err)
		}
	}
	var c jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(text, &c); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"id": "01712345678", "name": "Rahima", "photo": "https://photos.example.org/a.jpg", "exp": float64(noon.Add(time.Hour).Unix()), "iss": "movement-pass.com"} {
		if c[name] != want {
			t.Errorf("%s is %v", name, c[name])
		}
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	ours := movementpass.NewTokens(secret, "movement-pass.com", func() time.Time { return noon })
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"id": "01712345678", "iss": "movement-pass.com", "aud": "movement-pass.com", "exp": noon.Add(time.Hour).Unix()}
	}
	with := func(name string, v any) jwt.MapClaims {
		c := good()
		if c[name] = v; v == nil {
			delete(c, name)
		}
		return c
	}
	valid := sign(t, jwt.SigningMethodHS256, secret, good())
	if _, err := ours.Read(valid); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":                "",
		"another secret":         sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 64)), good()),
		"no signature":           sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good()),
		"another algorithm":      sign(t, jwt.SigningMethodHS512, secret, good()),
		"expired":                sign(t, jwt.SigningMethodHS256, secret, with("exp", noon.Add(-time.Second).Unix())),
		"without an end":         sign(t, jwt.SigningMethodHS256, secret, with("exp", nil)),
		"another issuer":         sign(t, jwt.SigningMethodHS256, secret, with("iss", "evil.com")),
		"for somebody else":      sign(t, jwt.SigningMethodHS256, secret, with("aud", "evil.com")),
		"without a subject":      sign(t, jwt.SigningMethodHS256, secret, with("id", nil)),
		"cut off":                valid[:len(valid)-1],
		"with something more":    valid + "A",
		"with a changed payload": strings.Replace(valid, ".ey", ".ez", 1),
	} {
		if id, err := ours.Read(text); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: got %q, %v", name, id, err)
		}
	}
}

func FuzzToken(f *testing.F) {
	ours := movementpass.NewTokens(secret, "movement-pass.com", func() time.Time { return noon })
	valid, err := ours.Issue("01712345678", "", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(valid)
	f.Add("Bearer " + valid)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ours.Read(text); err == nil && text != valid {
			t.Fatalf("took %q as %q", text, id)
		}
		if token, err := movementpass.Bearer(text); err == nil && (token == "" || strings.Contains(token, " ")) {
			t.Fatalf("%q holds the token %q", text, token)
		}
	})
}
