package ingest

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
)

func (a *api) create(w http.ResponseWriter, r *http.Request) error {
	dataset := r.PathValue("dataset")
	req, err := a.request(w, r, dataset, "application/json")
	if err != nil {
		return err
	}
	p, err := a.service.plan(dataset)
	if err != nil {
		return err
	}
	if p.Idempotency != nil {
		req.Idempotency = r.Header.Get(p.Idempotency.Header)
	}
	rec, err := a.service.Create(r.Context(), dataset, req)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", "/v1/datasets/"+dataset+"/records/"+p.path(rec))
	if rec.Replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	return a.answer(w, r, p, http.StatusCreated, rec)
}

// path returns the record's key as it stands in a path.
func (p *plan) path(rec Record) string {
	k := p.key(rec.Item)
	path := url.PathEscape(keyText(k.Partition))
	if p.Key.Sort != "" {
		path += "/" + url.PathEscape(keyText(k.Sort))
	}
	return path
}

// request reads the body as a record's fields.
func (a *api) request(w http.ResponseWriter, r *http.Request, dataset string, types ...string) (Request, error) {
	p, _, err := a.service.allowed(r.Context(), dataset, "")
	if err != nil {
		return Request{}, err
	}
	if err := accepts(r); err != nil {
		return Request{}, err
	}
	if err := sends(r, types...); err != nil {
		return Request{}, err
	}
	body, err := ReadBody(w, r, a.opts.Limits.Body)
	if err != nil {
		return Request{}, err
	}
	defer body.Free()
	match, err := ifMatch(r)
	if err != nil {
		return Request{}, err
	}
	item, faults, err := p.shape.Parse(body.Bytes())
	return Request{Item: item, Faults: faults, Match: match}, err
}

// ifMatch returns the version that If-Match wants.
func ifMatch(r *http.Request) (string, error) {
	given := strings.TrimSpace(r.Header.Get("If-Match"))
	if given == "" || given == "*" {
		return given, nil
	}
	tag := strings.TrimPrefix(given, `"`)
	if version, ok := strings.CutSuffix(tag, `"`); ok && len(tag) < len(given) && version != "" && !strings.Contains(version, `"`) {
		return version, nil
	}
	return "", fault.WithFields("If-Match is not valid", []fault.Field{{Name: "If-Match", Message: `must be one ETag as it was answered, such as "3"`}})
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// answer writes a record.
func (a *api) answer(w http.ResponseWriter, r *http.Request, p *plan, status int, rec Record) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if rec.Version != "" {
		tag := `"` + rec.Version + `"`
		h["Etag"] = []string{tag}
		if status == http.StatusOK && r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	b := buffers.Get().(*[]byte)
	*b = p.shape.Append((*b)[:0], rec.Item)
	respond(w, status, "application/json", *b)
	if cap(*b) <= keptBody {
		buffers.Put(b)
	}
	return nil
}

// at returns the plan and the key of the record that the path names.
func (a *api) at(r *http.Request, step bool) (*plan, Key, error) {
	dataset := r.PathValue("dataset")
	p, _, err := a.service.allowed(r.Context(), dataset, "")
	if err != nil {
		return nil, Key{}, err
	}
	if err := accepts(r); err != nil {
		return nil, Key{}, err
	}
	parts := []string{r.PathValue("key")}
	if s := r.PathValue("sort"); s != "" && (!step || r.PathValue("step") != "") {
		parts = append(parts, s)
	}
	key, err := a.service.ParseKey(dataset, parts...)
	return p, key, err
}

func (a *api) read(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, false)
	if err != nil {
		return err
	}
	rec, err := a.service.Read(r.Context(), p.Name, key)
	if err != nil {
		return err
	}
	return a.answer(w, r, p, http.StatusOK, rec)
}

func (a *api) replace(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, false)
	if err != nil {
		return err
	}
	req, err := a.request(w, r, p.Name, "application/json")
	if err != nil {
		return err
	}
	rec, err := a.service.Replace(r.Context(), p.Name, key, req)
	if err != nil {
		return err
	}
	return a.answer(w, r, p, http.StatusOK, rec)
}

func (a *api) patch(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, false)
	if err != nil {
		return err
	}
	req, err := a.request(w, r, p.Name, "application/merge-patch+json", "application/json")
	if err != nil {
		return err
	}
	rec, err := a.service.Patch(r.Context(), p.Name, key, req)
	if err != nil {
		return err
	}
	return a.answer(w, r, p, http.StatusOK, rec)
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, false)
	if err != nil {
		return err
	}
	match, err := ifMatch(r)
	if err != nil {
		return err
	}
	if err := a.service.Delete(r.Context(), p.Name, key, match); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
