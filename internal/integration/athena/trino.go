package athena

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// giveUp is how long Trino may take to hear that a question is over.
const giveUp = 5 * time.Second

// trinoError is how Trino refuses.
type trinoError struct {
	Name    string `json:"errorName"`
	Type    string `json:"errorType"`
	Message string `json:"message"`
}

func (e *trinoError) Error() string { return e.Name + ": " + e.Message }

// category is Athena's number for whose fault it is: 1 its own, 2 the user's.
func (e *trinoError) category() int {
	if e.Type == "USER_ERROR" {
		return 2
	}
	return 1
}

type trinoPage struct {
	Next    string            `json:"nextUri"`
	Columns []trinoColumn     `json:"columns"`
	Data    []json.RawMessage `json:"data"`
	Error   *trinoError       `json:"error"`
	Stats   struct {
		Read int64 `json:"physicalInputBytes"`
	} `json:"stats"`
}

type trinoColumn struct {
	Name      string    `json:"name"`
	Signature signature `json:"typeSignature"`
}

// answered asks until a node takes the question. Where Trino has just begun, or lost sight of its only node for a moment,
// it refuses what the service would let wait.
func (s *Server) answered(ctx context.Context, q *question) (table, error) {
	again := time.NewTicker(nodeWait / 100)
	defer again.Stop()
	for end := time.Now().Add(nodeWait); ; {
		t, err := s.ask(ctx, q)
		var refused *trinoError
		if !errors.As(err, &refused) || refused.Name != "NO_NODES_AVAILABLE" || time.Now().After(end) {
			return t, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return t, ctx.Err()
		}
	}
}

// nodeWait is how long a question waits for a node.
const nodeWait = 20 * time.Second

// ask runs a question at Trino. One that is given up is ended there too.
func (s *Server) ask(ctx context.Context, q *question) (table, error) {
	var t table
	page, err := s.fetch(ctx, http.MethodPost, s.trino+"/v1/statement", statement(q.in), q)
	for err == nil {
		t.scanned = max(t.scanned, page.Stats.Read)
		if page.Error != nil {
			return t, page.Error
		}
		if limit := q.group.ScanBytes; limit > 0 && t.scanned > limit { // Trino itself looks at it but once a second
			if page.Next != "" {
				s.end(page.Next)
			}
			return t, &trinoError{Name: "EXCEEDED_SCAN_LIMIT"}
		}
		if t.columns == nil {
			t.describe(page.Columns)
		}
		for _, row := range page.Data {
			if err := t.add(row); err != nil {
				return t, err
			}
		}
		if page.Next == "" {
			return t, nil
		}
		next := page.Next
		if page, err = s.fetch(ctx, http.MethodGet, next, "", q); err != nil {
			s.end(next)
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return t, err
}

// end lets Trino forget a question.
func (s *Server) end(next string) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, next, nil)
	if err != nil {
		return
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}

// statement puts the parameters, which are literals, into the question as Athena does: by EXECUTE.
func statement(in startIn) string {
	if len(in.ExecutionParameters) == 0 {
		return in.QueryString
	}
	return "EXECUTE IMMEDIATE '" + strings.ReplaceAll(in.QueryString, "'", "''") + "' USING " + strings.Join(in.ExecutionParameters, ", ")
}

func (s *Server) fetch(ctx context.Context, method, address, body string, q *question) (_ trinoPage, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return trinoPage{}, err
	}
	req.Header.Set("X-Trino-User", "tarn")
	req.Header.Set("X-Trino-Time-Zone", "UTC")
	req.Header.Set("X-Trino-Client-Capabilities", "PARAMETRIC_DATETIME") // else it rounds to milliseconds
	if c := q.in.QueryExecutionContext; c.Catalog != "" {
		req.Header.Set("X-Trino-Catalog", strings.ToLower(c.Catalog))
		if c.Database != "" {
			req.Header.Set("X-Trino-Schema", c.Database)
		}
	}
	if n := q.group.ScanBytes; n > 0 {
		req.Header.Add("X-Trino-Session", fmt.Sprintf("query_max_scan_physical_bytes=%dB", n))
	}
	if d := q.group.MaxTime; d > 0 {
		req.Header.Add("X-Trino-Session", "query_max_run_time="+url.QueryEscape(fmt.Sprintf("%dms", d.Milliseconds())))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return trinoPage{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return trinoPage{}, fmt.Errorf("trino: %s: %s", resp.Status, text)
	}
	var page trinoPage
	return page, json.NewDecoder(resp.Body).Decode(&page)
}
