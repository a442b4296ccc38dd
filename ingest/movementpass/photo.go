package movementpass

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

const (
	addressLife = 300 * time.Second // of an upload address
	maxPhoto    = 5 << 20           // bytes
	uploads     = 16                // at once, for each is held in memory until it is whole
)

// Photos is where uploaded photos are kept. Putting a key again replaces it.
type Photos interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
}

// photos gives out addresses to upload to, takes uploads and serves them.
type photos struct {
	store  Photos
	secret []byte
	opts   Options
	now    func() time.Time
	slots  chan struct{}
}

func newPhotos(store Photos, opts Options, now func() time.Time) *photos {
	key := hmac.New(sha256.New, opts.Secret) // a key of its own, so that no token is ever an address
	key.Write([]byte("photo upload"))
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	return &photos{store: store, secret: key.Sum(nil), opts: opts, now: now, slots: make(chan struct{}, uploads)}
}

// photoAddress answers POST /identity/photo: where to PUT the photo, and the name that it will have.
func (a *api) photoAddress(w http.ResponseWriter, r *http.Request) error {
	item, err := a.read(w, r, a.photo)
	if err != nil {
		return err
	}
	var raw [16]byte
	if _, err := io.ReadFull(a.photos.opts.Rand, raw[:]); err != nil {
		return fault.Wrap(fault.Internal, err, "no name could be drawn")
	}
	name := hex.EncodeToString(raw[:]) + strings.ToLower(path.Ext(item["filename"].Text))
	address := a.photos.address(r, name, item["contentType"].Text)
	answer(w, http.StatusOK, []byte(`{"url":"`+address+`","filename":"`+name+`"}`))
	return nil
}

// address returns where a photo of this name and type may be put for a while.
func (p *photos) address(r *http.Request, name, contentType string) string {
	host := p.opts.PublicURL
	if host == "" {
		host = "http://" + cleanHost(r.Host)
		if r.TLS != nil {
			host = "https://" + cleanHost(r.Host)
		}
	}
	expires := strconv.FormatInt(p.now().Add(addressLife).Unix(), 10)
	return host + "/photos/" + name + "?expires=" + expires + "&signature=" + p.sign(name, contentType, expires)
}

// cleanHost keeps what a request calls its host from leaving the JSON text that it goes into.
func cleanHost(host string) string {
	return strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' || strings.ContainsRune(`"\<>/?#`, c) {
			return -1
		}
		return c
	}, host)
}

func (p *photos) sign(name, contentType, expires string) string {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte("PUT\n" + name + "\n" + contentType + "\n" + expires))
	return hex.EncodeToString(mac.Sum(nil))
}

var photoName = regexp.MustCompile(`^[0-9a-f]{32}\.(png|jpg|jpeg)$`)

// serve answers everything under /photos, as an object store does: any origin may PUT with any header.
func (p *photos) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	var err error
	switch r.Method {
	case http.MethodPut:
		err = p.put(w, r)
	case http.MethodGet, http.MethodHead:
		err = p.get(w, r)
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, PUT")
		h.Set("Access-Control-Max-Age", "31536000")
		h.Set("Vary", "Access-Control-Request-Headers")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS, PUT")
		answerErrors(w, http.StatusMethodNotAllowed, "The method is not one of this path!")
	}
	if err != nil {
		if status := ingest.Status(err); status >= http.StatusInternalServerError {
			p.opts.Log.ErrorContext(r.Context(), "photo not answered", "status", status, telemetry.Err, err)
		}
		refuse(w, err)
	}
}

func (p *photos) put(w http.ResponseWriter, r *http.Request) error {
	name, query := r.PathValue("filename"), r.URL.Query()
	expires := query.Get("expires")
	want := p.sign(name, r.Header.Get("Content-Type"), expires)
	if !photoName.MatchString(name) || !hmac.Equal([]byte(want), []byte(query.Get("signature"))) {
		return fault.New(fault.Denied, "The address is not signed for this name and type!")
	}
	if at, err := strconv.ParseInt(expires, 10, 64); err != nil || p.now().Unix() > at {
		return fault.New(fault.Denied, "The address has expired!")
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-r.Context().Done():
		return fault.New(fault.Transient, "Too many photos at once; try again!")
	}
	body, err := ingest.ReadBody(w, r, maxPhoto)
	if err != nil {
		return err
	}
	defer body.Free()
	if len(body.Bytes()) == 0 {
		return fault.New(fault.Invalid, "The photo is empty!")
	}
	if err := p.store.Put(r.Context(), "photos/"+name, body.Bytes()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (p *photos) get(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("filename")
	if !photoName.MatchString(name) {
		return fault.New(fault.NotFound, "There is no such photo!")
	}
	body, err := p.store.Get(r.Context(), "photos/"+name)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "There is no such photo!")
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	if strings.HasSuffix(name, ".png") {
		h.Set("Content-Type", "image/png")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "private,max-age=31536000,immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a client that has gone needs no answer
	return nil
}
