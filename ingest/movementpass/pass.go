package movementpass

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	pageSize  = 25 // passes of one list
	listIndex = "ix_applicantId-endAt"
)

// How long a client keeps an answer: undecided passes may change soon, decided ones never do.
const (
	briefly = "private,max-age=300"
	long    = "private,max-age=2592000"
)

// applied answers POST /passes. The token stands in the body, or else in the header; the answer differs accordingly.
func (a *api) applied(w http.ResponseWriter, r *http.Request) error {
	item, faults, err := a.parse(w, r, a.apply)
	if err != nil {
		return a.rejected(r.Context(), "malformed", nil, err)
	}
	inBody := item["token"].Kind == record.S
	who, err := a.applicantOf(r, item)
	if err != nil {
		return a.rejected(r.Context(), "token", item, err)
	}
	if faults = append(faults, missing(a.apply, item, faults)...); len(faults) > 0 {
		return a.rejected(r.Context(), "schema", item, fault.WithFields("the application is not valid", faults))
	}
	pass := passOf(item, who)
	ctx := viewer.With(r.Context(), applicantViewer(who))
	rec, err := a.service.Create(ctx, "passes", ingest.Request{Item: pass, Idempotency: r.Header.Get("Idempotency-Key")})
	if err != nil {
		err = unknownApplicant(renamed(err, clientNames))
		return a.rejected(r.Context(), reason(err), pass, err)
	}
	id := rec.Item["id"].Text
	if inBody {
		answer(w, http.StatusOK, []byte(`{"success":true,"id":"`+id+`"}`))
		return nil
	}
	answer(w, http.StatusCreated, []byte(`{"id":"`+id+`"}`))
	return nil
}

// clientNames are the clients' names of a pass's fields.
var clientNames = map[string]string{"startAt": "dateTime", "endAt": "durationInHour"} // never changed

// applicantOf returns who applies, by the token in the body or in the header.
func (a *api) applicantOf(r *http.Request, item record.Item) (string, error) {
	token := item["token"].Text
	if item["token"].Kind != record.S {
		var err error
		if token, err = bearer(r.Header.Get("Authorization")); err != nil {
			return "", err
		}
	}
	return a.tokens.read(token)
}

// missing returns the faults of the whole request, but for fields that have one already.
func missing(shape *ingest.Shape, item record.Item, known []fault.Field) []fault.Field {
	named := map[string]bool{}
	for _, f := range known {
		named[f.Name] = true
	}
	var out []fault.Field
	for _, f := range shape.Check(item, schemas.Lenient) {
		if !named[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

// passOf makes the record of a checked application. The token is never part of it.
func passOf(item record.Item, applicant string) record.Item {
	start, _ := schemas.Time8601(item["dateTime"].Text)
	lasts, _ := strconv.Atoi(item["durationInHour"].Text)
	item["startAt"] = ingest.Stamp(start)
	item["endAt"] = ingest.Stamp(start.Add(time.Duration(lasts) * time.Hour))
	item["applicantId"] = record.String(applicant)
	delete(item, "dateTime")
	delete(item, "durationInHour")
	delete(item, "token")
	if !item["includeVehicle"].Bool {
		delete(item, "vehicleNo")
		item["selfDriven"] = record.Bool(false)
	}
	if !item["includeVehicle"].Bool || item["selfDriven"].Bool {
		delete(item, "driverName")
		delete(item, "driverLicenseNo")
	}
	return item
}

// unknownApplicant turns the refusal of a counter on nobody into that of a token whose owner is gone.
func unknownApplicant(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) == 1 && f.Fields[0].Name == "applicantId" {
		return fault.Wrap(fault.Unauthorized, err, "Unauthorized!")
	}
	return err
}

// reason says why the service refused an application.
func reason(err error) string {
	var f *fault.Error
	switch {
	case fault.Is(err, fault.Unauthorized):
		return "token"
	case errors.As(err, &f) && len(f.Fields) == 1 && f.Fields[0].Name == "dateTime":
		return "window"
	case fault.Is(err, fault.Invalid):
		return "schema"
	default:
		return "store"
	}
}

// rejected records that an application was not accepted, and returns err.
func (a *api) rejected(ctx context.Context, why string, item record.Item, err error) error {
	r := Rejected{Reason: why, District: item["district"].Text, Division: "unknown"}
	if division, ok := a.division[r.District]; ok {
		r.Division = division
	}
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		r.Field = f.Fields[0].Name
		if _, ok := a.apply.Field(r.Field); !ok && r.Field != "body" {
			r.Field = "" // a stranger's name is contents
		}
	}
	msg, attrs := r.Attrs()
	a.opts.Log.LogAttrs(ctx, levelRejected, msg, attrs...)
	if a.opts.Observe != nil {
		a.opts.Observe(r)
	}
	return err
}

// list answers GET /passes: the newest end first, 25 a page.
func (a *api) list(w http.ResponseWriter, r *http.Request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	after, err := startKey(r, who)
	if err != nil {
		return err
	}
	page, err := a.service.List(viewer.With(r.Context(), applicantViewer(who)), "passes",
		ingest.Listing{Index: listIndex, Partition: who, Descending: true, Limit: pageSize, After: after})
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 512*(1+len(page.Records))), `{"passes":[`...)
	for i, rec := range page.Records {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.pass.Append(b, rec.Item)
	}
	b = append(b, ']')
	if page.Last != nil {
		b = append(b, `,"nextKey":{"id":`...)
		b = ingest.AppendJSON(b, page.Last["id"])
		b = append(b, `,"endAt":`...)
		b = append(ingest.AppendJSON(b, page.Last["endAt"]), '}')
	}
	w.Header().Set("Cache-Control", briefly)
	answer(w, http.StatusOK, append(b, '}'))
	return nil
}

// startKey returns where the list begins: after the pass that id and endAt together name; nil: at the start.
func startKey(r *http.Request, who string) (record.Item, error) {
	query := r.URL.Query()
	id, end := query.Get("id"), query.Get("endAt")
	if id == "" || end == "" {
		return nil, nil //nolint:nilnil // from the start
	}
	at, ok := schemas.Time8601(end)
	var faults []fault.Field
	if !ok {
		faults = append(faults, fault.Field{Name: "endAt", Message: "must be the endAt of a nextKey"})
	}
	if !isPassID(id) {
		faults = append(faults, fault.Field{Name: "id", Message: "must be the id of a nextKey"})
	}
	if faults != nil {
		return nil, fault.WithFields("the start key is not valid", faults)
	}
	return record.Item{"id": record.String(id), "endAt": ingest.Stamp(at), "applicantId": record.String(who)}, nil
}

func isPassID(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(id) == 32
}

// detail answers GET /passes/{id}: the pass with its applicant. Another person's pass is as unknown as none.
func (a *api) detail(w http.ResponseWriter, r *http.Request) error {
	who, err := a.signedIn(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	rec, err := a.service.Read(viewer.With(r.Context(), applicantViewer(who)), "passes", ingest.Key{Partition: record.String(id)})
	if fault.Is(err, fault.NotFound) || err == nil && rec.Item["applicantId"].Text != who {
		return fault.New(fault.NotFound, "Pass does not exist!")
	}
	if err != nil {
		return err
	}
	person, err := a.person(r.Context(), who)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	b := a.pass.Append(make([]byte, 0, 1024), rec.Item)
	if person != nil {
		b = append(b[:len(b)-1], `,"applicant":`...)
		b = append(a.applicant.Append(b, person), '}')
	}
	keep := long
	if rec.Item["status"].Text == "APPLIED" {
		keep = briefly
	}
	w.Header().Set("Cache-Control", keep)
	answer(w, http.StatusOK, b)
	return nil
}

// signedIn returns who the header's token names.
func (a *api) signedIn(r *http.Request) (string, error) {
	token, err := bearer(r.Header.Get("Authorization"))
	if err != nil {
		return "", err
	}
	return a.tokens.read(token)
}
