package oidc

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	maxKeys   = 1 << 20         // bytes of a key set
	askAgain  = time.Minute     // an unknown key makes us ask once in this time: anybody can name one
	askWithin = 3 * time.Second // of a request's own time
	leastBits = 2048
)

// Keys is an issuer's public keys, fetched when they are first needed and when one is unknown. It is safe for
// concurrent use.
type Keys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*rsa.PublicKey
	asked time.Time
}

// NewKeys returns the keys at an address. A nil client is the default one, a nil clock the real one.
func NewKeys(url string, client *http.Client, now func() time.Time) *Keys {
	if client == nil {
		client = http.DefaultClient
	}
	if now == nil {
		now = time.Now
	}
	return &Keys{url: url, client: client, now: now}
}

// Key returns the key of an id. Unauthorized where the issuer has no such key, Transient where it cannot be asked.
func (k *Keys) Key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.known[id]
	if !ok && (k.asked.IsZero() || k.now().Sub(k.asked) >= askAgain) {
		keys, err := k.fetch(ctx)
		if err != nil {
			return nil, fault.Wrap(fault.Transient, err, "the keys of the sign-in service cannot be read now")
		}
		k.known, k.asked = keys, k.now()
		key, ok = keys[id]
	}
	if !ok {
		return nil, fault.New(fault.Unauthorized, "the token is signed with a key that its issuer does not have")
	}
	return key, nil
}

func (k *Keys) fetch(ctx context.Context) (_ map[string]*rsa.PublicKey, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", k.url, resp.Status)
	}
	var set struct {
		Keys []struct {
			Kind string `json:"kty"`
			ID   string `json:"kid"`
			N    string `json:"n"`
			E    string `json:"e"`
		} `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxKeys)).Decode(&set); err != nil {
		return nil, fmt.Errorf("read %s: %w", k.url, err)
	}
	all := map[string]*rsa.PublicKey{}
	for _, one := range set.Keys {
		if key, ok := rsaKey(one.N, one.E); ok && one.Kind == "RSA" {
			all[one.ID] = key
		}
	}
	return all, nil
}

// rsaKey reads a key's numbers. A key that is too short to trust is none.
func rsaKey(n, e string) (*rsa.PublicKey, bool) {
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	exponent, also := base64.RawURLEncoding.DecodeString(e)
	if err != nil || also != nil || len(exponent) == 0 || len(exponent) > 4 {
		return nil, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	return key, key.N.BitLen() >= leastBits && key.E > 2
}
