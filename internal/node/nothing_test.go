package node_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestNothingAtAPathIsAProblem: who calls the API gets a document whatever the path is, also one that there is not.
func TestNothingAtAPathIsAProblem(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int32")
	n := mustServe(t, f.data, f.schemas)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+"/v1/nope", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 404 || answer.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(body), "/v1/openapi.json") {
		t.Errorf("got %d, %v, %s, %v", answer.StatusCode, answer.Header, body, err)
	}
}
