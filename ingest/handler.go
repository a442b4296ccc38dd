package ingest

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// HandlerOptions tune the HTTP API. The zero value works.
type HandlerOptions struct {
	Limits Limits
	Log    *slog.Logger // nil: none
}

// Handler returns the HTTP API of every dataset under /v1/, which /v1/openapi.json describes. Who asks stands in the
// request's context (see viewer), put there by whoever mounts it; without a viewer everything but the description is
// answered 401.
func Handler(s *Service, opts HandlerOptions) (http.Handler, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Limits = opts.Limits.filled()
	doc, err := OpenAPI(s.registry)
	if err != nil {
		return nil, err
	}
	a := &api{service: s, opts: opts, doc: doc}
	mux := http.NewServeMux()
	mux.Handle("/v1/openapi.json", a.route(methods{"GET": a.describe}))
	mux.Handle("/v1/datasets/{dataset}/records", a.route(methods{"GET": a.list, "POST": a.create}))
	one := methods{"GET": a.read, "PUT": a.replace, "PATCH": a.patch, "DELETE": a.remove}
	mux.Handle("/v1/datasets/{dataset}/records/{key}", a.route(one))
	with := methods{"POST": a.transition} // {sort} of a key with two fields, or a step of one
	for m, h := range one {
		with[m] = h
	}
	mux.Handle("/v1/datasets/{dataset}/records/{key}/{sort}", a.route(with))
	mux.Handle("/v1/datasets/{dataset}/records/{key}/{sort}/{step}", a.route(methods{"POST": a.transition}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, fault.New(fault.NotFound, "there is nothing at this path; /v1/openapi.json says what there is"))
	})
	return Guard(mux, opts.Limits, opts.Log, WriteProblem), nil
}

// api answers requests. Each answer is written whole, after all that can fail.
type api struct {
	service *Service
	opts    HandlerOptions
	doc     []byte
}

// methods are the answers of one path by method.
type methods map[string]func(w http.ResponseWriter, r *http.Request) error

// route picks the method's answer and turns its error into a problem. HEAD is a GET whose body net/http leaves out.
func (a *api) route(m methods) http.Handler {
	allow := []string{"OPTIONS"}
	for name := range m {
		allow = append(allow, name)
	}
	if m["GET"] != nil {
		allow = append(allow, "HEAD")
		m["HEAD"] = m["GET"]
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := m[r.Method]
		switch {
		case h != nil:
			if err := h(w, r); err != nil {
				a.fail(w, r, err)
			}
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", allowed)
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", allowed)
			WriteProblem(w, fault.Wrap(fault.Invalid, errMethod, "%s is not a method of this path; %s are", clip(r.Method), allowed))
		}
	})
}

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status := Status(err); status >= http.StatusInternalServerError {
		a.opts.Log.ErrorContext(r.Context(), "request not answered", "path", r.URL.Path, "status", status, telemetry.Err, err)
	}
	WriteProblem(w, err)
}

func (a *api) describe(w http.ResponseWriter, r *http.Request) error {
	if err := accepts(r); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "max-age=60")
	respond(w, http.StatusOK, "application/json", a.doc)
	return nil
}

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

func (a *api) transition(w http.ResponseWriter, r *http.Request) error {
	p, key, err := a.at(r, true)
	if err != nil {
		return err
	}
	step := r.PathValue("step")
	if step == "" {
		step = r.PathValue("sort")
	}
	match, err := ifMatch(r)
	if err != nil {
		return err
	}
	if err := a.empty(w, r); err != nil {
		return err
	}
	rec, err := a.service.Transition(r.Context(), p.Name, key, step, match)
	if err != nil {
		return err
	}
	return a.answer(w, r, p, http.StatusOK, rec)
}

// empty refuses a body that says something: a step takes nothing.
func (a *api) empty(w http.ResponseWriter, r *http.Request) error {
	body, err := ReadBody(w, r, a.opts.Limits.Body)
	if err != nil {
		return err
	}
	defer body.Free()
	if len(body.Bytes()) == 0 {
		return nil
	}
	nothing := NewShape("this step, which takes none", nil)
	_, faults, err := nothing.Parse(body.Bytes())
	if err == nil && len(faults) > 0 {
		err = fault.WithFields("the step takes no fields", faults)
	}
	return err
}

func (a *api) list(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.service.allowed(r.Context(), r.PathValue("dataset"), "")
	if err != nil {
		return err
	}
	if err := accepts(r); err != nil {
		return err
	}
	l, err := listing(r.URL.RawQuery)
	if err != nil {
		return err
	}
	page, err := a.service.List(r.Context(), p.Name, l)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 512*(1+len(page.Records))), `{"records":[`...)
	for i, rec := range page.Records {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.shape.Append(b, rec.Item)
	}
	b = append(b, ']')
	if page.Next != "" {
		b = appendText(append(b, `,"next":`...), page.Next)
	}
	w.Header().Set("Cache-Control", "no-cache")
	respond(w, http.StatusOK, "application/json", append(b, '}'))
	return nil
}

// listing reads the query of a list. Every bad parameter is named.
func listing(raw string) (Listing, error) {
	var l Listing
	query, err := url.ParseQuery(raw)
	if err != nil {
		return l, fault.WithFields("the query is not valid", []fault.Field{{Name: "query", Message: "is not well-formed"}})
	}
	var faults []fault.Field
	bad := func(name, message string) { faults = append(faults, fault.Field{Name: clip(name), Message: message}) }
	for name, values := range query {
		if len(values) > 1 {
			bad(name, "must be given once")
		}
		v := values[0]
		switch name {
		case "index":
			l.Index = v
		case "partition":
			l.Partition = v
		case "cursor":
			l.Cursor = v
		case "limit":
			if l.Limit, err = strconv.Atoi(v); err != nil || l.Limit < 1 || l.Limit > maxPage {
				bad(name, "must be a whole number from 1 to 1000")
			}
		case "order":
			if l.Descending = v == "desc"; v != "desc" && v != "asc" {
				bad(name, "must be asc or desc")
			}
		default:
			bad(name, "is not a parameter of a list; limit, cursor, index, partition and order are")
		}
	}
	if faults != nil {
		slices.SortFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
		return l, fault.WithFields("the query is not valid", faults)
	}
	return l, nil
}
