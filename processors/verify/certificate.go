package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// CertificateFormat is the form of the certificates that this program writes. In form 1 sums did not take maps, objects and
// the beginnings of texts; in form 2 they were made with MD5, and are checked with it still; in form 3 those of changes did
// not take age bands, in form 4 those of state did not.
const CertificateFormat = 5

// Certificate says what was compared and what was found. It holds what is needed to read the same state of the lake
// again: the number of the commit, which outlives snapshots and compactions, and the ranges of the shards.
type Certificate struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of the code
	Made    time.Time `json:"made"`
	Clean   bool      `json:"clean"`
	Reports []Report  `json:"reports"`
	Context
}

// Context is what holds of the datasets of a certificate beside the comparisons. Horizons of retention stand in the
// reports' pins.
type Context struct {
	Holes []lake.Hole      `json:"holes"` // open: ranges of changes that are known not to be there
	Held  map[string]int64 `json:"held"`  // by dataset: records that could not be decoded and are in quarantine
}

// signed is a certificate as it is written.
type signed struct {
	Certificate json.RawMessage `json:"certificate"`
	Key         string          `json:"key"`       // Ed25519, public
	Signature   string          `json:"signature"` // of the certificate's JSON without spaces
}

// Certify returns a signed certificate of the reports.
func Certify(reports []Report, about Context, version string, made time.Time, key ed25519.PrivateKey) ([]byte, error) {
	c := Certificate{Format: CertificateFormat, Version: version, Made: made.UTC(), Clean: true, Reports: reports, Context: about}
	for _, r := range reports {
		c.Clean = c.Clean && r.Clean()
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write a certificate: %w", err)
	}
	encode := base64.StdEncoding.EncodeToString
	s := signed{Certificate: text, Key: encode(key.Public().(ed25519.PublicKey)), Signature: encode(ed25519.Sign(key, text))}
	return json.MarshalIndent(s, "", "  ")
}

// OpenCertificate returns the certificate in a text that was signed with the key. Invalid: the text is no certificate, was
// changed, was signed by somebody else, or has a form that this program does not know.
func OpenCertificate(text []byte, key ed25519.PublicKey) (Certificate, error) {
	var s signed
	if err := json.Unmarshal(text, &s); err != nil || s.Certificate == nil {
		return Certificate{}, fault.Wrap(fault.Invalid, err, "this is no certificate")
	}
	if s.Key != base64.StdEncoding.EncodeToString(key) {
		return Certificate{}, fault.New(fault.Invalid, "the certificate was signed with the key %s, not with this data folder's: check it beside the folder that it is of", s.Key)
	}
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	var plain bytes.Buffer
	if err == nil {
		err = json.Compact(&plain, s.Certificate)
	}
	if err != nil || !ed25519.Verify(key, plain.Bytes(), signature) {
		return Certificate{}, fault.Wrap(fault.Invalid, err, "the certificate was changed after it was signed")
	}
	var c Certificate
	if err := json.Unmarshal(plain.Bytes(), &c); err != nil {
		return Certificate{}, fault.Wrap(fault.Invalid, err, "the certificate cannot be read")
	}
	if _, err := Hasher(c.Format); err != nil {
		return c, fault.Wrap(fault.Invalid, err, "the certificate was made by tarn %s", c.Version)
	}
	return c, nil
}
