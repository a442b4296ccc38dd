package ingest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

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
