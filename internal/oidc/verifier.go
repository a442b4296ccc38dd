package oidc

import (
	"context"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// leeway is how far two clocks may be apart.
const leeway = 30 * time.Second

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	trust  Trust
	keys   *Keys
	parser *jwt.Parser
}

// NewVerifier returns a Verifier of tokens that the keys sign for those who are trusted. A nil clock is the real one.
func NewVerifier(trust Trust, keys *Keys, now func() time.Time) *Verifier {
	if now == nil {
		now = time.Now
	}
	return &Verifier{trust: trust, keys: keys, parser: jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(trust.Issuer),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(now))}
}

// Verify returns whom a token is for, and until when. Unauthorized where it is not to be trusted, Transient where the
// issuer's keys cannot be read.
func (v *Verifier) Verify(ctx context.Context, token string) (viewer.Viewer, time.Time, error) {
	claims := jwt.MapClaims{}
	_, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return v.keys.Key(ctx, id)
	})
	var told *fault.Error
	switch {
	case errors.As(err, &told): // of the keys
		return viewer.Viewer{}, time.Time{}, told
	case errors.Is(err, jwt.ErrTokenExpired):
		return viewer.Viewer{}, time.Time{}, fault.Wrap(fault.Unauthorized, err, "the token has expired: sign in again")
	case err != nil:
		return viewer.Viewer{}, time.Time{}, fault.Wrap(fault.Unauthorized, err, "the token is not valid")
	}
	until, err := claims.GetExpirationTime()
	if err != nil {
		return viewer.Viewer{}, time.Time{}, err
	}
	who, err := v.trust.Viewer(claims)
	return who, until.Time, err
}
