package movementpass

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// levelRejected is how loud a rejected application is: it is the applicant's fault, but nobody may lose sight of it.
const levelRejected = slog.LevelInfo

func answer(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

var jsonType = []string{"application/json; charset=utf-8"} // shared by all answers and never changed

// refuse answers an error as the clients know it: texts, the first of which is shown.
func refuse(w http.ResponseWriter, err error) {
	var f *fault.Error
	texts := []string{"Something went wrong!"}
	status := ingest.Status(err)
	if errors.As(err, &f) && fault.Of(err) != fault.Internal {
		texts = []string{f.Message}
		if len(f.Fields) > 0 {
			texts = texts[:0]
		}
		for _, one := range f.Fields {
			texts = append(texts, one.Name+" "+one.Message)
		}
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	answerErrors(w, status, texts...)
}

func answerErrors(w http.ResponseWriter, status int, texts ...string) {
	b := []byte(`{"errors":[`)
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = ingest.AppendJSON(b, record.String(text))
	}
	answer(w, status, append(b, "]}"...))
}
