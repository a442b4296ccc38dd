package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
)

// seal makes sessions that say whose they are, and that nobody without the key can make or change.
type seal struct {
	key []byte // empty: no such session is valid
	now func() time.Time
}

// sealed is what lies under the seal.
type sealed struct {
	ID      string   `json:"i"`
	Regions []string `json:"g"`
	Roles   []string `json:"r"`
	Until   int64    `json:"u"` // epoch second
}

// write returns the session of a viewer.
func (s seal) write(who viewer.Viewer, until time.Time) string {
	text, err := json.Marshal(sealed{who.ID, who.Regions, who.Roles, until.Unix()})
	if err != nil {
		panic("a viewer that JSON cannot hold: " + err.Error())
	}
	payload := base64.RawURLEncoding.EncodeToString(text)
	return payload + "." + s.sign(payload)
}

// read returns whose session it is, if it is whole and not over.
func (s seal) read(session string) (viewer.Viewer, bool) {
	payload, signature, ok := strings.Cut(session, ".")
	if !ok || len(s.key) == 0 || !hmac.Equal([]byte(s.sign(payload)), []byte(signature)) {
		return viewer.Viewer{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return viewer.Viewer{}, false
	}
	var said sealed
	if err := json.Unmarshal(text, &said); err != nil || s.now().Unix() >= said.Until {
		return viewer.Viewer{}, false
	}
	return viewer.Viewer{ID: said.ID, Regions: said.Regions, Roles: said.Roles}, true
}

func (s seal) sign(payload string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("tarn session v2\n" + payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
