package athena

import (
	"cmp"
	"encoding/base64"
	"strconv"
	"time"
)

// maxPage is the most rows of a page, the names in the first one included.
const maxPage = 1000

type startIn struct {
	QueryString           string
	ClientRequestToken    string
	ExecutionParameters   []string
	WorkGroup             string
	QueryExecutionContext struct{ Catalog, Database string }
	ResultConfiguration   struct{ OutputLocation string }

	ResultReuseConfiguration struct {
		ResultReuseByAgeConfiguration struct {
			Enabled         bool
			MaxAgeInMinutes int
		}
	}
}

func (in startIn) group() string { return cmp.Or(in.WorkGroup, "primary") }

type startOut struct{ QueryExecutionId string }

type questionIn struct {
	QueryExecutionId string
	NextToken        string
	MaxResults       int
}

type athenaError struct {
	ErrorCategory int
	ErrorMessage  string
	ErrorType     int
	Retryable     bool
}

// look says how a question is.
func (s *Server) look(in questionIn) (any, error) {
	q, err := s.question(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := map[string]any{"State": q.state, "SubmissionDateTime": seconds(q.asked)}
	if q.reason != "" {
		status["StateChangeReason"] = q.reason
	}
	if q.fault != nil {
		status["AthenaError"] = q.fault
	}
	stats := map[string]any{"DataScannedInBytes": q.scanned, "ResultReuseInformation": map[string]bool{"ReusedPreviousResult": q.reused}}
	if !q.ended.IsZero() {
		status["CompletionDateTime"] = seconds(q.ended)
		stats["TotalExecutionTimeInMillis"] = q.ended.Sub(q.asked).Milliseconds()
		stats["EngineExecutionTimeInMillis"] = q.ended.Sub(q.asked).Milliseconds()
	}
	return map[string]any{"QueryExecution": map[string]any{
		"QueryExecutionId": q.id, "Query": q.in.QueryString, "StatementType": "DML", "WorkGroup": q.group.name, "Status": status, "Statistics": stats,
		"QueryExecutionContext": q.in.QueryExecutionContext, "ResultConfiguration": map[string]string{"OutputLocation": q.result},
		"EngineVersion": map[string]string{"SelectedEngineVersion": "Athena engine version 3", "EffectiveEngineVersion": "Athena engine version 3"},
	}}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type datum struct {
	VarCharValue *string `json:",omitempty"`
}

type row struct{ Data []datum }

// page returns rows of an answer, the names of the columns first.
func (s *Server) page(in questionIn) (any, error) {
	q, err := s.question(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.state != succeeded {
		return nil, invalid("Query has not yet finished. Current state: " + q.state)
	}
	from := 0
	if in.NextToken != "" {
		text, err := base64.StdEncoding.DecodeString(in.NextToken)
		if err == nil {
			from, err = strconv.Atoi(string(text))
		}
		if err != nil || from <= 0 || from > len(q.answer.rows) {
			return nil, invalid("Invalid NextToken")
		}
	}
	if in.MaxResults < 0 || in.MaxResults > maxPage {
		return nil, invalid("MaxResults is not between 1 and 1000")
	}
	all := q.answer.withNames()
	to := min(len(all), from+cmp.Or(in.MaxResults, maxPage))
	rows := make([]row, 0, to-from)
	for _, values := range all[from:to] {
		r := row{Data: make([]datum, len(values))}
		for i, v := range values {
			r.Data[i].VarCharValue = v
		}
		rows = append(rows, r)
	}
	out := map[string]any{"UpdateCount": 0, "ResultSet": map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": q.answer.columns}}}
	if to < len(all) {
		out["NextToken"] = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return out, nil
}

// workGroup describes a workgroup.
func (s *Server) workGroup(in struct{ WorkGroup string }) (any, error) {
	g, ok := s.groups[in.WorkGroup]
	if !ok {
		return nil, invalid("WorkGroup " + in.WorkGroup + " is not found.")
	}
	config := map[string]any{"EnforceWorkGroupConfiguration": g.Enforced, "ResultConfiguration": map[string]string{"OutputLocation": g.Results},
		"EngineVersion": map[string]string{"EffectiveEngineVersion": "Athena engine version 3"}}
	if g.ScanBytes > 0 {
		config["BytesScannedCutoffPerQuery"] = g.ScanBytes
	}
	return map[string]any{"WorkGroup": map[string]any{"Name": g.name, "State": "ENABLED", "Configuration": config}}, nil
}
