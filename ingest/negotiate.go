package ingest

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// sends returns an error unless the body's type is one of the wanted.
func sends(r *http.Request, wanted ...string) error {
	given := r.Header.Get("Content-Type")
	if given == wanted[0] {
		return nil
	}
	kind, params, err := mime.ParseMediaType(given)
	charset := params["charset"]
	if err != nil || !slices.Contains(wanted, kind) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.Wrap(fault.Invalid, errMedia, "send the body as Content-Type: %s in UTF-8", strings.Join(wanted, " or "))
	}
	return nil
}

// accepts returns an error unless the client takes JSON.
func accepts(r *http.Request) error {
	given := r.Header["Accept"]
	if len(given) == 0 {
		return nil
	}
	for _, line := range given {
		for part := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "*/*", "application/*", "application/json":
				if q := strings.TrimSpace(params); q != "q=0" && q != "q=0.0" {
					return nil
				}
			}
		}
	}
	return fault.Wrap(fault.Invalid, errAccept, "answers are application/json")
}
