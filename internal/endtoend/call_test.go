//go:build integration

package endtoend_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// call is one request.
type call struct {
	method string // empty: GET, or POST with a body
	path   string
	token  string
	body   string
	header []string // names and values in turn
}

// reply is one answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// try asks and returns the answer, or why there is none.
func (p *process) try(ctx context.Context, c call) (reply, error) {
	if c.method == "" {
		c.method = http.MethodGet
		if c.body != "" {
			c.method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, p.url+c.path, strings.NewReader(c.body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(c.header); i += 2 {
		req.Header.Set(c.header[i], c.header[i+1])
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, body}, err
}

// ask asks, fails the test without an answer, and returns it.
func (p *process) ask(c call) reply {
	p.tb.Helper()
	a, err := p.try(p.tb.Context(), c)
	if err != nil {
		p.tb.Fatalf("%s %s: %v\n%s", c.method, c.path, err, p.log)
	}
	return a
}

// want asks and fails the test when the answer has another status.
func (p *process) want(status int, c call) reply {
	p.tb.Helper()
	a := p.ask(c)
	if a.status != status {
		p.tb.Fatalf("%s %s: got %d, want %d: %.500s", c.method, c.path, a.status, status, a.body)
	}
	return a
}

// into reads the answer's JSON.
func (a reply) into(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		tb.Fatalf("%v: %.500s", err, a.body)
	}
}

// problem is an answer that says what is wrong, in either form that Tarn's APIs have.
type problem struct {
	Status int
	Detail string
	Kind   string
	Fields []struct{ Field, Message string }
	Errors []string // the Movement Pass clients' form
}

func (a reply) problem(tb testing.TB) problem {
	tb.Helper()
	var p problem
	a.into(tb, &p)
	return p
}

// names reports whether the problem names the field.
func (p problem) names(field string) bool {
	for _, f := range p.Fields {
		if f.Field == field {
			return true
		}
	}
	for _, text := range p.Errors {
		if strings.HasPrefix(text, field+" ") {
			return true
		}
	}
	return false
}

// sql answers a SELECT, whole and as text, without the header.
func (p *process) sql(text string) [][]string {
	p.tb.Helper()
	rows, err := p.trySQL(p.tb.Context(), text)
	if err != nil {
		p.tb.Fatalf("%s: %v\n%s", text, err, p.log)
	}
	return rows
}

func (p *process) trySQL(ctx context.Context, text string) ([][]string, error) {
	a, err := p.try(ctx, call{path: "/api/sql", token: p.token, body: toJSON(map[string]any{"sql": text}), header: []string{"Accept", "text/csv"}})
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("%d: %.500s", a.status, a.body)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.body, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("the answer is not CSV: %w: %.200s", err, a.body)
	}
	return rows[1:], nil
}

// one answers a SELECT of one value.
func (p *process) one(text string) string {
	p.tb.Helper()
	rows := p.sql(text)
	if len(rows) != 1 || len(rows[0]) != 1 {
		p.tb.Fatalf("%s: %d rows, want one value", text, len(rows))
	}
	return rows[0][0]
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps and texts come here
	}
	return string(text)
}
