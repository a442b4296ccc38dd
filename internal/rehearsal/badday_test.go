//go:build integration

package rehearsal_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest/dynamo"
)

// issuer is whose tokens count where no user pool is made.
const issuer = "https://cognito-idp.eu-west-1.amazonaws.com/none"

// badDays are what goes wrong on AWS, each on a deployment of its own.
func badDays() map[string]func(*testing.T, *world) {
	return map[string]func(*testing.T, *world){
		"a poisoned event":           poisoned,
		"a half written environment": halfWritten,
		"a killed processor":         killedProcessor,
		"expired credentials":        expiredCredentials,
		"a throttled catalog":        throttledGlue,
		"a deleted bucket":           deletedBucket,
	}
}

// poisoned: a record that cannot be what the schema says is parked, its neighbours arrive; an event that is none fails
// the call and nothing else.
func poisoned(t *testing.T, w *world) {
	token := w.register(1)
	w.apply(token, 1)
	_, err := dynamo.Client(w.config(t, w.dynamo)).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new(w.tables.Of("movement-pass_passes_v1")), Item: map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: "poison"}, "startAt": &types.AttributeValueMemberS{Value: "when the cows come home"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.apply(token, 2)
	w.flow(map[string]int64{"passes_changes": 2, "quarantine": 1})
	if got := metrics(w.processor.Log()); got["Quarantined"] != 1 || strings.Contains(w.processor.Log(), "cows") {
		t.Errorf("metrics %v, log:\n%s", got, w.processor.Log())
	}
	for _, event := range []string{`{}`, `"poison"`, `{"Records":[{`} {
		if _, err := w.processor.Invoke(t.Context(), []byte(event)); err == nil {
			t.Errorf("the event %s was taken", event)
		}
	}
	w.apply(token, 3)
	w.flow(map[string]int64{"passes_changes": 3})
	if s := w.processor.Stats(); s.Starts != 1 {
		t.Errorf("the processor was started %d times: a poisoned event must not end it", s.Starts)
	}
}

// halfWritten: settings that are missing or malformed are all named at once, and the function does not start.
func halfWritten(t *testing.T, w *world) {
	delete(w.processor.Env, "TARN_LAKE")
	w.processor.Env["TARN_TABLES"], w.processor.Env["TARN_GRACE"] = "movement-pass_passes_v1", "5"
	_, err := w.processor.Invoke(t.Context(), []byte(`{}`))
	for _, want := range []string{"exit code 2", "TARN_LAKE: missing", `TARN_TABLES: \"movement-pass_passes_v1\" is no pair`, `TARN_GRACE: \"5\" has no unit`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the processor says %v, want %s", err, want)
		}
	}
	w.api.Env["TARN_PROFILE"] = "severe"
	delete(w.api.Env, "TARN_UPLOADS")
	_, err = w.api.Invoke(t.Context(), []byte(`{}`))
	for _, want := range []string{"exit code 2", `\"severe\" is neither lenient nor strict`, "TARN_UPLOADS: missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the API says %v, want %s", err, want)
		}
	}
}

// killedProcessor: a processor that dies in the middle of its PUT, after which the object may be there or not, loses and
// doubles nothing.
func killedProcessor(t *testing.T, w *world) {
	token := w.register(1)
	for n := range 5 {
		w.apply(token, n)
	}
	kills := 0
	w.s3.Instead(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/landing/") || kills == 4 {
			return false
		}
		kills++
		if kills%2 == 0 { // the object is not there at all
			w.processor.Kill()
			return true
		}
		body, err := io.ReadAll(r.Body) // it is, and nobody was told
		if err != nil {
			return true
		}
		key := strings.TrimPrefix(r.URL.Path, "/"+w.bucket()+"/")
		if !strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
			_ = w.files.Put(r.Context(), key, body)
		}
		w.processor.Kill()
		return true
	})
	defer w.s3.Instead(nil)
	w.flow(map[string]int64{"passes_changes": 5, "applicants_changes": 6})
	if got := w.figures(); got.Identities != 5 || got.Ops["insert"] != 5 || kills != 4 {
		t.Errorf("after %d kills: %+v", kills, got)
	}
}

// expiredCredentials: what S3 refuses for its token comes again once the token is renewed; nothing is skipped meanwhile.
func expiredCredentials(t *testing.T, w *world) {
	token := w.register(1)
	w.apply(token, 1)
	refused := 0
	w.s3.Instead(func(out http.ResponseWriter, r *http.Request) bool {
		if refused == 3 || r.Method != http.MethodPut {
			return false
		}
		refused++
		out.Header().Set("Content-Type", "application/xml")
		out.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(out, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`)
		return true
	})
	defer w.s3.Instead(nil)
	w.flow(map[string]int64{"passes_changes": 1, "applicants_changes": 2})
	if refused != 3 || !strings.Contains(w.processor.Log(), "the credentials have expired") {
		t.Errorf("refused %d times, log:\n%s", refused, w.processor.Log())
	}
	if got := metrics(w.processor.Log()); got["NotLanded"] == 0 {
		t.Errorf("no metric says that batches did not land: %v", got)
	}
}

// throttledGlue: commits that Glue slows down are tried again, by the message that comes back to the queue.
func throttledGlue(t *testing.T, w *world) {
	token := w.register(1)
	w.apply(token, 1)
	slowed := 0
	w.moto.Instead(func(out http.ResponseWriter, r *http.Request) bool {
		if slowed >= 6 || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateTable") {
			return false
		}
		slowed++
		out.Header().Set("Content-Type", "application/x-amz-json-1.1")
		out.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(out, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		return true
	})
	defer w.moto.Instead(nil)
	w.flow(map[string]int64{"passes_changes": 1, "applicants_changes": 2})
	if got := w.figures(); got.Identities != 1 || slowed != 6 || !strings.Contains(w.committer.Log(), "AWS asks to slow down") {
		t.Errorf("slowed down %d times: %+v, log:\n%s", slowed, got, w.committer.Log())
	}
}

// deletedBucket: without its bucket nothing is acknowledged; once it is there again everything arrives.
func deletedBucket(t *testing.T, w *world) {
	token := w.register(1)
	w.apply(token, 1)
	folder := filepath.Join(w.objects.Folder, w.bucket())
	if err := os.Remove(folder); err != nil { // it is empty yet
		t.Fatal(err)
	}
	for range 3 {
		w.deliver(t.Context())
	}
	if s, got := w.processor.Stats(), metrics(w.processor.Log()); s.Calls == 0 || s.Failed+int(got["NotLanded"]) != s.Calls {
		t.Errorf("%d calls, %d failed, %v: a batch was acknowledged that is nowhere", s.Calls, s.Failed, got)
	}
	if _, err := w.committer.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), w.bucket()) {
		t.Errorf("the committer says %v, and does not name the bucket", err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	w.flow(map[string]int64{"passes_changes": 1, "applicants_changes": 2})
}
