package movementpass

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	minSecret = 32   // bytes, as long as the hash
	maxToken  = 8192 // characters; a token holds a photo's address
)

// claims is what a token says; the web client reads all of it.
type claims struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Photo string `json:"photo"`
	jwt.RegisteredClaims
}

// tokens issues and reads HS256 tokens. It is safe for concurrent use.
type tokens struct {
	secret []byte
	issuer string
	now    func() time.Time
	parser *jwt.Parser
	known  sync.Map // token to verified: a client asks several times with one token
	count  atomic.Int64
}

// maxKnown is how many verified tokens are remembered; then all are forgotten.
const maxKnown = 16_384

// verified is what a good token said.
type verified struct {
	id      string
	expires time.Time
}

func newTokens(secret []byte, issuer string, now func() time.Time) *tokens {
	return &tokens{
		secret: secret, issuer: issuer, now: now,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(issuer),
			jwt.WithExpirationRequired(), jwt.WithTimeFunc(now)),
	}
}

// issue returns a token for the applicant, good for an hour.
func (t *tokens) issue(id, name, photo string) (string, error) {
	c := claims{ID: id, Name: name, Photo: photo, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: t.issuer, Audience: jwt.ClaimStrings{t.issuer}, ExpiresAt: jwt.NewNumericDate(t.now().Add(ttl)),
	}}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.secret)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the token could not be signed")
	}
	return text, nil
}

// read returns the applicant that the token names; Unauthorized where it is not one of ours or not good any more.
func (t *tokens) read(text string) (id string, err error) {
	if v, ok := t.known.Load(text); ok {
		if good := v.(verified); t.now().Before(good.expires) {
			return good.id, nil
		}
	}
	var c claims
	if len(text) > maxToken {
		return "", fault.New(fault.Unauthorized, "Unauthorized!")
	}
	if _, err := t.parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return t.secret, nil }); err != nil {
		return "", fault.Wrap(fault.Unauthorized, err, "Unauthorized!")
	}
	if c.ID == "" {
		return "", fault.New(fault.Unauthorized, "Unauthorized!")
	}
	if t.count.Add(1) > maxKnown {
		t.known.Clear()
		t.count.Store(1)
	}
	t.known.Store(strings.Clone(text), verified{id: c.ID, expires: c.ExpiresAt.Time})
	return c.ID, nil
}

// bearer returns the token of an Authorization header; Denied where there is none, or not in this form.
func bearer(header string) (string, error) {
	if header == "" {
		return "", fault.New(fault.Denied, "Missing authorization!")
	}
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "bearer") || token == "" || strings.Contains(token, " ") {
		return "", fault.New(fault.Denied, "Invalid authorization format!")
	}
	return token, nil
}
