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
	"time"
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

// nodeWait is how long a statement waits for a node: Trino that has just begun, or lost sight of its only node for a moment,
// refuses it before it does anything.
const nodeWait = 20 * time.Second

var errNoNode = errors.New("trino has no node")

func (e *Engine) query(ctx context.Context, sql string) ([][]any, error) {
	again := time.NewTicker(nodeWait / 100)
	defer again.Stop()
	for end := time.Now().Add(nodeWait); ; {
		rows, err := e.once(ctx, sql)
		if !errors.Is(err, errNoNode) || time.Now().After(end) {
			return rows, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (e *Engine) once(ctx context.Context, sql string) ([][]any, error) {
	page, err := e.ask(ctx, http.MethodPost, e.endpoint+"/v1/statement", sql)
	var rows [][]any
	for err == nil {
		if page.Error != nil && page.Error.Name == "NO_NODES_AVAILABLE" {
			return nil, errNoNode
		}
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
