package athena

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
)

// fetch reads the answer: its first page by the API, which knows the types; what is beyond from the object that Athena
// left, in one go.
func (e *Engine) fetch(ctx context.Context, q *types.QueryExecution, maxRows int) (*query.Result, error) {
	page, err := e.client.GetQueryResults(ctx, &sdk.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
	if err != nil {
		return nil, refused(ctx, err, "read an answer of Athena")
	}
	t, err := newTaker(page.ResultSet.ResultSetMetadata, maxRows, e.opts.AnswerMB)
	if err != nil {
		return nil, err
	}
	if page.NextToken != nil && e.opts.Read != nil && q.ResultConfiguration != nil {
		text, err := e.opts.Read(ctx, aws.ToString(q.ResultConfiguration.OutputLocation))
		if err != nil {
			return nil, refused(ctx, err, "read an answer of Athena")
		}
		return t.result, t.csv(text)
	}
	rows := page.ResultSet.Rows
	if len(rows) > 0 { // of a SELECT the first row is the names
		rows = rows[1:]
	}
	for {
		if err := t.rows(rows); err != nil || page.NextToken == nil || t.result.Truncated {
			return t.result, err
		}
		page, err = e.client.GetQueryResults(ctx, &sdk.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId, NextToken: page.NextToken})
		if err != nil {
			return nil, refused(ctx, err, "read an answer of Athena")
		}
		rows = page.ResultSet.Rows
	}
}

// taker gathers rows by column.
type taker struct {
	result  *query.Result
	into    []appender
	maxRows int
	maxSize int
	size    int
}

func newTaker(meta *types.ResultSetMetadata, maxRows, answerMB int) (*taker, error) {
	if meta == nil {
		return nil, fault.New(fault.Internal, "athena: an answer without a description of its columns")
	}
	t := &taker{result: &query.Result{}, maxRows: maxRows, maxSize: answerMB << 20}
	for _, c := range meta.ColumnInfo {
		column, into := columnOf(c)
		t.result.Columns, t.into = append(t.result.Columns, column), append(t.into, into)
	}
	return t, nil
}

// rows adds the rows of one page.
func (t *taker) rows(rows []types.Row) error {
	values := make([]*string, len(t.into))
	for _, r := range rows {
		if len(r.Data) != len(values) {
			return fault.New(fault.Internal, "athena: a row of %d values where there are %d columns", len(r.Data), len(values))
		}
		for i := range values {
			values[i] = r.Data[i].VarCharValue
		}
		if more, err := t.row(values); err != nil || !more {
			return err
		}
	}
	return nil
}

// row adds one row; nil is null. It reports whether another may come.
func (t *taker) row(values []*string) (bool, error) {
	if t.maxRows > 0 && t.result.Rows == t.maxRows {
		t.result.Truncated = true
		return false, nil
	}
	for i, v := range values {
		if v == nil {
			t.result.Columns[i].AppendNull()
			continue
		}
		if err := t.into[i](&t.result.Columns[i], *v); err != nil {
			return false, err
		}
		t.size += len(*v)
	}
	if t.size > t.maxSize {
		return false, fault.New(fault.Exceeded, "the answer holds more than %d MB of text: ask for fewer rows or columns", t.maxSize>>20)
	}
	t.result.Rows++
	return true, nil
}

// csv adds the rows of the object that Athena leaves: values in quotes, null as nothing at all, the names first.
func (t *taker) csv(text []byte) error {
	r := reader{text: text}
	values := make([]*string, len(t.into))
	for names := true; r.more(); names = false {
		n, err := r.record(values)
		if err != nil {
			return err
		}
		if n != len(values) {
			return fault.New(fault.Internal, "athena: line %d of an answer has %d values where there are %d columns", r.line, n, len(values))
		}
		if names {
			continue
		}
		if more, err := t.row(values); err != nil || !more {
			return err
		}
	}
	return nil
}
