package athena_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/schemas"
)

// service is an Athena whose answers a test sets.
type service struct {
	mu      sync.Mutex
	asked   *sdk.StartQueryExecutionInput
	looks   []types.QueryExecutionStatus // one a look; the last stays
	columns []types.ColumnInfo
	pages   [][][]*string
	startAs error
	stopped chan struct{}
	looked  chan struct{}
}

func (s *service) StartQueryExecution(_ context.Context, in *sdk.StartQueryExecutionInput, _ ...func(*sdk.Options)) (*sdk.StartQueryExecutionOutput, error) {
	s.asked = in
	return &sdk.StartQueryExecutionOutput{QueryExecutionId: aws.String("q-1")}, s.startAs
}

func (s *service) GetQueryExecution(ctx context.Context, _ *sdk.GetQueryExecutionInput, _ ...func(*sdk.Options)) (*sdk.GetQueryExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looked != nil {
		close(s.looked)
		s.looked = nil
	}
	now := s.looks[0]
	if len(s.looks) > 1 {
		s.looks = s.looks[1:]
	}
	return &sdk.GetQueryExecutionOutput{QueryExecution: &types.QueryExecution{QueryExecutionId: aws.String("q-1"), Status: &now,
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://answers/q-1.csv")},
		Statistics:          &types.QueryExecutionStatistics{DataScannedInBytes: aws.Int64(4711)}}}, ctx.Err()
}

func (s *service) GetQueryResults(_ context.Context, in *sdk.GetQueryResultsInput, _ ...func(*sdk.Options)) (*sdk.GetQueryResultsOutput, error) {
	page := 0
	if in.NextToken != nil {
		fmt.Sscan(*in.NextToken, &page)
	}
	out := &sdk.GetQueryResultsOutput{ResultSet: &types.ResultSet{ResultSetMetadata: &types.ResultSetMetadata{ColumnInfo: s.columns}}}
	for _, r := range s.pages[page] {
		row := types.Row{}
		for _, v := range r {
			row.Data = append(row.Data, types.Datum{VarCharValue: v})
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, row)
	}
	if page+1 < len(s.pages) {
		out.NextToken = aws.String(fmt.Sprint(page + 1))
	}
	return out, nil
}

func (s *service) StopQueryExecution(ctx context.Context, _ *sdk.StopQueryExecutionInput, _ ...func(*sdk.Options)) (*sdk.StopQueryExecutionOutput, error) {
	close(s.stopped)
	return &sdk.StopQueryExecutionOutput{}, ctx.Err()
}

func status(state types.QueryExecutionState, reason string) types.QueryExecutionStatus {
	return types.QueryExecutionStatus{State: state, StateChangeReason: &reason}
}

func texts(values ...string) []*string {
	all := make([]*string, len(values))
	for i, v := range values {
		if v != "<null>" {
			all[i] = &v
		}
	}
	return all
}

func column(name, typ string, scale int32) types.ColumnInfo {
	return types.ColumnInfo{Name: &name, Type: &typ, Scale: scale}
}

func mustOpen(t *testing.T, s *service, opts athena.Options) *athena.Engine {
	t.Helper()
	opts.Database, opts.WorkGroup = "tarn", "dashboards"
	e, err := athena.New(s, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var everyType = []types.ColumnInfo{column("t", "varchar", 0), column("i", "bigint", 0), column("f", "double", 0), column("d", "decimal", 2), column("b", "boolean", 0),
	column("day", "date", 0), column("at", "timestamp with time zone", 0), column("l", "timestamp", 0), column("x", "varbinary", 0), column("a", "array", 0)}

var everyValue = texts(`say "x", y`, "-7", "1.5E3", "-5.25", "true", "1969-12-31", "2026-11-17 17:59:59.999999 UTC", "2026-11-17 06:00:00.000", "00 ff", "[a, b]")

var nulls = texts("", "<null>", "<null>", "<null>", "<null>", "<null>", "<null>", "<null>", "<null>", "<null>")

func TestValuesKeepTheirTypes(t *testing.T) {
	t.Parallel()
	want := &query.Result{Rows: 2, Scanned: 4711, Columns: []query.Column{
		{Name: "t", Texts: []string{`say "x", y`, ""}},
		{Name: "i", Kind: query.Integer, Ints: []int64{-7, 0}, Null: []bool{false, true}},
		{Name: "f", Kind: query.Float, Floats: []float64{1500, 0}, Null: []bool{false, true}},
		{Name: "d", Kind: query.Decimal, Scale: 2, Texts: []string{"-5.25", ""}, Null: []bool{false, true}},
		{Name: "b", Kind: query.Bool, Ints: []int64{1, 0}, Null: []bool{false, true}},
		{Name: "day", Kind: query.Day, Ints: []int64{-1, 0}, Null: []bool{false, true}},
		{Name: "at", Kind: query.Instant, Ints: []int64{time.Date(2026, 11, 17, 17, 59, 59, 999_999_000, time.UTC).UnixMicro(), 0}, Null: []bool{false, true}},
		{Name: "l", Kind: query.Local, Ints: []int64{time.Date(2026, 11, 17, 6, 0, 0, 0, time.UTC).UnixMicro(), 0}, Null: []bool{false, true}},
		{Name: "x", Texts: []string{"AP8=", ""}, Null: []bool{false, true}},
		{Name: "a", Texts: []string{"[a, b]", ""}, Null: []bool{false, true}},
	}}
	names := texts("t", "i", "f", "d", "b", "day", "at", "l", "x", "a")
	const object = "\"t\",\"i\",\"f\",\"d\",\"b\",\"day\",\"at\",\"l\",\"x\",\"a\"\n" +
		"\"say \"\"x\"\", y\",\"-7\",\"1.5E3\",\"-5.25\",\"true\",\"1969-12-31\",\"2026-11-17 17:59:59.999999 UTC\",\"2026-11-17 06:00:00.000\",\"00 ff\",\"[a, b]\"\n\"\",,,,,,,,,\n"
	read := func(_ context.Context, location string) ([]byte, error) {
		if location != "s3://answers/q-1.csv" {
			t.Errorf("the answer is read from %s", location)
		}
		return []byte(object), nil
	}
	for name, pages := range map[string][][][]*string{"one page": {{names, everyValue, nulls}}, "two pages": {{names, everyValue}, {nulls}}} {
		for how, opts := range map[string]athena.Options{"by pages": {}, "by the object": {Read: read}} {
			s := &service{looks: []types.QueryExecutionStatus{status("QUEUED", ""), status("SUCCEEDED", "")}, columns: everyType, pages: pages}
			got, err := mustOpen(t, s, opts).Run(t.Context(), query.Request{SQL: "SELECT 1"})
			if err != nil {
				t.Errorf("%s %s: %v", name, how, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", name, how, diff)
			}
			got, err = mustOpen(t, s, opts).Run(t.Context(), query.Request{SQL: "SELECT 1", MaxRows: 1})
			if err != nil || got.Rows != 1 || !got.Truncated {
				t.Errorf("%s %s, cut: %+v, %v", name, how, got, err)
			}
		}
	}
}

func TestTheStatementIsPinned(t *testing.T) {
	t.Parallel()
	s := &service{looks: []types.QueryExecutionStatus{status("SUCCEEDED", "")}, pages: [][][]*string{{}}}
	cols := []schemas.Column{{Name: "a", ID: 1, Type: schemas.Int64}, {Name: "b", ID: 2, Type: schemas.Timestamp}, {Name: "c", ID: 3, Type: schemas.String}}
	_, err := mustOpen(t, s, athena.Options{}).Run(t.Context(), query.Request{SQL: `WITH x AS (SELECT 1) SELECT * FROM x WHERE t = ? AND n = ?`, Args: []any{"it's", int64(7)},
		Relations: []query.Relation{{Name: "orders_changes", Columns: cols, Snapshot: 42, Known: map[int]string{1: "a", 3: "old"}}, {Name: "orders_base", Columns: cols[:2]}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `WITH "lake:orders_changes" AS (SELECT "a" AS "a", CAST(NULL AS timestamp(6) with time zone) AS "b", "old" AS "c" FROM "awsdatacatalog"."tarn"."orders_changes" FOR VERSION AS OF 42),
"lake:orders_base" AS (SELECT CAST(NULL AS bigint) AS "a", CAST(NULL AS timestamp(6) with time zone) AS "b" WHERE 1 = 0),
x AS (SELECT 1) SELECT * FROM x WHERE t = ? AND n = ?`
	if got := *s.asked.QueryString; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if diff := cmp.Diff([]string{"'it''s'", "7"}, s.asked.ExecutionParameters); diff != "" {
		t.Error(diff)
	}
	if db := s.asked.QueryExecutionContext.Database; db != nil {
		t.Errorf("the session has the database %s: a name without schema leads somewhere", *db)
	}
	if r := s.asked.ResultReuseConfiguration; r == nil || !r.ResultReuseByAgeConfiguration.Enabled || *s.asked.WorkGroup != "dashboards" {
		t.Errorf("reuse %+v, workgroup %s", r, *s.asked.WorkGroup)
	}
	_, err = mustOpen(t, s, athena.Options{}).Run(t.Context(), query.Request{SQL: "SELECT ?", Args: []any{strings.Repeat("x", 1023)}})
	if !fault.Is(err, fault.Exceeded) {
		t.Errorf("a value that is too long gives %v", err)
	}
}

func TestEndsHaveKinds(t *testing.T) {
	t.Parallel()
	user, system := int32(2), int32(1)
	for reason, want := range map[string]fault.Kind{
		"Query cancelled! : Bytes scanned limit was exceeded": fault.Exceeded, "Query exhausted resources at this scale factor": fault.Exceeded,
		"SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved": fault.Invalid, "EXCEEDED_TIME_LIMIT: Query exceeded": fault.Exceeded,
		"INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: 7": fault.Transient, "who knows": fault.Internal, "user": fault.Invalid, "system": fault.Transient, "stopped": fault.Transient,
	} {
		end := status("FAILED", reason)
		switch reason {
		case "user":
			end.AthenaError = &types.AthenaError{ErrorCategory: &user}
		case "system":
			end.AthenaError = &types.AthenaError{ErrorCategory: &system}
		case "stopped":
			end.State = "CANCELLED"
		}
		_, err := mustOpen(t, &service{looks: []types.QueryExecutionStatus{end}}, athena.Options{}).Run(t.Context(), query.Request{SQL: "SELECT 1"})
		if got := fault.Of(err); err == nil || got != want {
			t.Errorf("%q gives %v, want %v: %v", reason, got, want, err)
		}
	}
	throttled := &service{startAs: &types.TooManyRequestsException{Message: aws.String("slow down")}}
	if _, err := mustOpen(t, throttled, athena.Options{}).Run(t.Context(), query.Request{SQL: "SELECT 1"}); !fault.Is(err, fault.Transient) {
		t.Errorf("throttling gives %v", err)
	}
}

func TestWhoGivesUpStopsTheQuestion(t *testing.T) {
	t.Parallel()
	for _, deadline := range []bool{false, true} {
		s := &service{looks: []types.QueryExecutionStatus{status("RUNNING", "")}, stopped: make(chan struct{}), looked: make(chan struct{})}
		looked := s.looked
		ctx, cancel := context.WithCancel(t.Context())
		if deadline {
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		} else {
			go func() { <-looked; cancel() }()
		}
		_, err := mustOpen(t, s, athena.Options{}).Run(ctx, query.Request{SQL: "SELECT 1"})
		cancel()
		<-s.stopped
		if deadline && !fault.Is(err, fault.Exceeded) || !deadline && !errors.Is(err, context.Canceled) {
			t.Errorf("deadline %v gives %v", deadline, err)
		}
	}
}

func TestMissingOptionsAreNamed(t *testing.T) {
	t.Parallel()
	if _, err := athena.New(&service{}, athena.Options{WorkGroup: "x"}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "database") {
		t.Errorf("got %v", err)
	}
}
