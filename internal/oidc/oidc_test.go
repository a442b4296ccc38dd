package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/oidc"
	"github.com/tarn-lake/tarn/internal/viewer"
)

const issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// provider is an issuer with one key.
type provider struct {
	key   *rsa.PrivateKey
	asked atomic.Int32
	down  atomic.Bool
	url   string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if p.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		code := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{
			{"kty": "RSA", "kid": "k1", "n": code(key.N.Bytes()), "e": code(big.NewInt(int64(key.E)).Bytes())},
			{"kty": "RSA", "kid": "short", "n": code(big.NewInt(3233).Bytes()), "e": "AQAB"},
		}})
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func claims() jwt.MapClaims {
	return jwt.MapClaims{"iss": issuer, "sub": "u1", "client_id": "c1", "token_use": "access", "exp": noon.Add(time.Hour).Unix(),
		"cognito:groups": []string{"region:dhaka", "reader"}, "scope": "openid tarn/approver other/writer"}
}

func (p *provider) token(t *testing.T, kid string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = kid
	text, err := token.SignedString(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verifier(p *provider) *oidc.Verifier {
	return oidc.NewVerifier(oidc.Trust{Issuer: issuer, Clients: []string{"c1"}}, oidc.NewKeys(p.url, nil, clock), clock)
}

func TestTokensBecomeViewers(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	got, until, err := verifier(p).Verify(t.Context(), p.token(t, "k1", claims()))
	want := viewer.Viewer{ID: "u1", Regions: []string{"dhaka"}, Roles: []string{"reader", "approver"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !until.Equal(noon.Add(time.Hour)) {
		t.Errorf("until %s, %v\n%s", until, err, diff)
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	with := func(name string, value any) string {
		c := maps.Clone(claims())
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return p.token(t, "k1", c)
	}
	none := jwt.NewWithClaims(jwt.SigningMethodNone, claims())
	none.Header["kid"] = "k1"
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	hmac := jwt.NewWithClaims(jwt.SigningMethodHS256, claims())
	hmac.Header["kid"] = "k1"
	symmetric, err := hmac.SignedString([]byte("k1"))
	if err != nil {
		t.Fatal(err)
	}
	whole := p.token(t, "k1", claims())
	for name, token := range map[string]string{
		"no token": "", "no signature": unsigned, "another kind of signature": symmetric, "an unknown key": p.token(t, "k2", claims()), "a key that is too short": p.token(t, "short", claims()),
		"changed": whole[:strings.LastIndex(whole, ".")+1] + strings.Repeat("A", 342), "expired": with("exp", noon.Add(-time.Minute).Unix()), "no expiry": with("exp", nil),
		"another issuer": with("iss", "https://else"), "another client": with("client_id", "c2"), "no client": with("client_id", nil), "an ID token": with("token_use", "id"),
	} {
		if _, _, err := verifier(p).Verify(t.Context(), token); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeysAreAskedForSeldom(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	now := noon
	keys := oidc.NewKeys(p.url, nil, func() time.Time { return now })
	for range 3 {
		if _, err := keys.Key(t.Context(), "k1"); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Key(t.Context(), "k2"); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("got %v", err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	now = now.Add(time.Minute)
	_, _ = keys.Key(t.Context(), "k2")
	if n := p.asked.Load(); n != 2 {
		t.Errorf("asked %d times after a minute, want 2", n)
	}
	p.down.Store(true)
	now = now.Add(time.Minute)
	if _, err := keys.Key(t.Context(), "k2"); !fault.Is(err, fault.Transient) {
		t.Errorf("the issuer is down: got %v", err)
	}
	if _, err := keys.Key(t.Context(), "k1"); err != nil {
		t.Errorf("a known key needs no issuer: %v", err)
	}
}

func TestClaimsOfTheFrontsAuthoriser(t *testing.T) {
	t.Parallel()
	trust := oidc.Trust{Issuer: issuer}
	for _, c := range []struct {
		name           string
		groups, scopes string
		want           viewer.Viewer
	}{
		{"groups", "[region:* reader writer]", "", viewer.Viewer{ID: "c1", Regions: []string{"*"}, Roles: []string{"reader", "writer"}}},
		{"a machine", "", "tarn/region:dhaka tarn/writer", viewer.Viewer{ID: "c1", Regions: []string{"dhaka"}, Roles: []string{"writer"}}},
		{"nothing", "", "", viewer.Viewer{ID: "c1"}},
		{"nobody is given every role", "[* region: reader]", "tarn/*", viewer.Viewer{ID: "c1", Roles: []string{"reader"}}},
	} {
		got, err := trust.Viewer(map[string]any{"iss": issuer, "client_id": "c1", "token_use": "access", "cognito:groups": c.groups, "scope": c.scopes})
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
	if _, err := (oidc.Trust{}).Viewer(map[string]any{"client_id": "c1", "token_use": "access"}); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("without an issuer: %v", err)
	}
}
