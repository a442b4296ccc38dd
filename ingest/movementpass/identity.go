package movementpass

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// read reads and checks a request by its shape.
func (a *api) read(w http.ResponseWriter, r *http.Request, shape *ingest.Shape) (record.Item, error) {
	item, faults, err := a.parse(w, r, shape)
	if err == nil && len(faults) == 0 {
		faults = shape.Check(item, schemas.Lenient)
	}
	if err == nil && len(faults) > 0 {
		err = fault.WithFields("the request is not valid", faults)
	}
	return item, err
}

func (a *api) parse(w http.ResponseWriter, r *http.Request, shape *ingest.Shape) (record.Item, []fault.Field, error) {
	limit := a.opts.Limits.Body
	if limit == 0 {
		limit = ingest.DefaultBody
	}
	body, err := ingest.ReadBody(w, r, limit)
	if err != nil {
		return nil, nil, err
	}
	defer body.Free()
	return shape.Parse(body.Bytes())
}

// registered answers POST /identity/register.
func (a *api) registered(w http.ResponseWriter, r *http.Request) error {
	item, faults, err := a.parse(w, r, a.register)
	if err != nil {
		return err
	}
	for i := range faults {
		if faults[i].Name == "mobilePhone" {
			faults[i].Name = "id"
		}
	}
	if phone, ok := item["mobilePhone"]; ok {
		item["id"] = phone
		delete(item, "mobilePhone")
	}
	ctx := viewer.With(r.Context(), applicantViewer(item["id"].Text))
	rec, err := a.service.Create(ctx, "applicants", ingest.Request{Item: item, Faults: faults})
	if errors.Is(err, ingest.ErrExists) {
		return fault.New(fault.Invalid, "Mobile phone is already registered!")
	}
	if err != nil {
		return renamed(err, map[string]string{"id": "mobilePhone"})
	}
	return a.issued(w, rec.Item)
}

// loggedIn answers POST /identity/login: the date of birth is the password.
func (a *api) loggedIn(w http.ResponseWriter, r *http.Request) error {
	asked, err := a.read(w, r, a.login)
	if err != nil {
		return err
	}
	person, err := a.person(r.Context(), asked["mobilePhone"].Text)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "Invalid credentials!")
	}
	if err != nil {
		return err
	}
	want := ""
	if born, ok := schemas.Date8601(person["dateOfBirth"].Text); ok {
		want = born.Format("02012006")
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(asked["dateOfBirth"].Text)) != 1 {
		return fault.New(fault.Invalid, "Invalid credentials!")
	}
	return a.issued(w, person)
}

// person returns an applicant by mobile phone.
func (a *api) person(ctx context.Context, phone string) (record.Item, error) {
	rec, err := a.service.Read(viewer.With(ctx, applicantViewer(phone)), "applicants", ingest.Key{Partition: record.String(phone)})
	return rec.Item, err
}

func (a *api) issued(w http.ResponseWriter, person record.Item) error {
	token, err := a.tokens.issue(person["id"].Text, person["name"].Text, person["photo"].Text)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, http.StatusOK, []byte(`{"type":"bearer","token":"`+token+`"}`))
	return nil
}

// renamed gives the fields of an error the clients' names.
func renamed(err error, names map[string]string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	out := *f
	out.Fields = make([]fault.Field, len(f.Fields))
	for i, one := range f.Fields {
		if name, ok := names[one.Name]; ok {
			one.Name = name
		}
		out.Fields[i] = one
	}
	return &out
}
