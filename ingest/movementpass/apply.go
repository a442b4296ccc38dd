package movementpass

import (
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
