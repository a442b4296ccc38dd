package movementpass

import (
	"net/http"

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
