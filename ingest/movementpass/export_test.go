package movementpass

import "time"

// NewTokens, Issue, Read and Bearer open the tokens to their tests.
func NewTokens(secret []byte, issuer string, now func() time.Time) *tokens { //nolint:revive // for tests
	return newTokens(secret, issuer, now)
}

func (t *tokens) Issue(id, name, photo string) (string, error) { return t.issue(id, name, photo) }

func (t *tokens) Read(text string) (string, error) { return t.read(text) }

func Bearer(header string) (string, error) { return bearer(header) }
