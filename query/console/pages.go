package console

import (
	"bytes"
	_ "embed" // the pages' text
	"html/template"
	"net/http"

	"github.com/tarn-lake/tarn/internal/fault"
)

//go:embed pages.html
var pagesText string

var pageTemplates = template.Must(template.New("pages").Parse(pagesText))

// maxForm bounds the body of a sign-in.
const maxForm = 8 << 10

// pages answers with HTML.
type pages struct {
	door           *door
	assets         *assets
	title, version string
}

// page is what a page's text may show.
type page struct {
	Title, Version string
	Fault          string
	Asset          map[string]string // logical name to address
}

// shell answers with the dashboard, with a new session and the same address without its token, or with the sign-in page.
func (p *pages) shell(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if token := query.Get("token"); token != "" {
		value, _, ok := p.door.byToken(token)
		if !ok {
			p.write(w, http.StatusUnauthorized, "sign-in", "This link’s token is not valid here. It may have been changed since.")
			return
		}
		query.Del("token")
		clean := "/"
		if len(query) > 0 {
			clean += "?" + query.Encode()
		}
		setSession(w, r, value, sessionAge)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, clean, http.StatusSeeOther)
		return
	}
	if _, err := p.door.who(r); err != nil {
		p.write(w, http.StatusUnauthorized, "sign-in", "")
		return
	}
	p.write(w, http.StatusOK, "dashboard", "")
}

func (p *pages) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	value, age, err := p.door.enter(r.Context(), r.PostFormValue("token"))
	switch {
	case fault.Is(err, fault.Transient):
		p.write(w, http.StatusServiceUnavailable, "sign-in", "Whose token this is cannot be checked now. Try again.")
		return
	case err != nil:
		p.write(w, http.StatusUnauthorized, "sign-in", "That token is not valid. Copy it whole, without spaces.")
		return
	}
	setSession(w, r, value, age)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *pages) signOut(w http.ResponseWriter, r *http.Request) {
	setSession(w, r, "", 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *pages) write(w http.ResponseWriter, status int, name, complaint string) {
	var body bytes.Buffer
	data := page{Title: p.title, Version: p.version, Fault: complaint, Asset: p.assets.address}
	if err := pageTemplates.ExecuteTemplate(&body, name, data); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if name == "sign-in" {
		// A form sent from a page without any referrer has no origin either, and would look like another site's.
		h.Set("Referrer-Policy", "same-origin")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client has gone when this fails
}
