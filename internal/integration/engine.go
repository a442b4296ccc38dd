package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Engine is a Trino that runs, spoken to by its own protocol.
type Engine struct{ endpoint string }

// answer is a page of a query's result.
type answer struct {
	Next  string  `json:"nextUri"`
	Data  [][]any `json:"data"`
	Error *struct {
		Name    string `json:"errorName"`
		Message string `json:"message"`
	} `json:"error"`
}

// Endpoint returns where the engine listens.
func (e *Engine) Endpoint() string { return e.endpoint }

// Query runs one statement and returns its rows: numbers as json.Number, everything else as Trino's JSON has it.
func (e *Engine) Query(t testing.TB, sql string) [][]any {
	t.Helper()
	rows, err := e.query(t.Context(), sql)
	if err != nil {
		t.Fatalf("trino: %v, of:\n%s", err, sql)
	}
	return rows
}

func (e *Engine) query(ctx context.Context, sql string) ([][]any, error) {
	page, err := e.ask(ctx, http.MethodPost, e.endpoint+"/v1/statement", sql)
	var rows [][]any
	for err == nil {
		if page.Error != nil {
			return nil, fmt.Errorf("%s: %s", page.Error.Name, page.Error.Message)
		}
		rows = append(rows, page.Data...)
		if page.Next == "" {
			return rows, nil
		}
		page, err = e.ask(ctx, http.MethodGet, page.Next, "")
	}
	return nil, err
}

func (e *Engine) ask(ctx context.Context, method, url, body string) (_ answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-Trino-User", "tarn")
	req.Header.Set("X-Trino-Time-Zone", "UTC")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, lastLog))
		return answer{}, fmt.Errorf("%s: %s", resp.Status, text)
	}
	var page answer
	decoder := json.NewDecoder(resp.Body)
	decoder.UseNumber()
	return page, decoder.Decode(&page)
}
