// Package athena is the query engine on AWS: Athena over the tables that Glue names, each pinned to the snapshot that the
// question was planned for, under the limits of a workgroup.
package athena

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
)

var _ query.Engine = (*Engine)(nil)

// Client is what the engine asks of Athena.
type Client interface {
	StartQueryExecution(context.Context, *sdk.StartQueryExecutionInput, ...func(*sdk.Options)) (*sdk.StartQueryExecutionOutput, error)
	GetQueryExecution(context.Context, *sdk.GetQueryExecutionInput, ...func(*sdk.Options)) (*sdk.GetQueryExecutionOutput, error)
	GetQueryResults(context.Context, *sdk.GetQueryResultsInput, ...func(*sdk.Options)) (*sdk.GetQueryResultsOutput, error)
	StopQueryExecution(context.Context, *sdk.StopQueryExecutionInput, ...func(*sdk.Options)) (*sdk.StopQueryExecutionOutput, error)
}

// Read returns the bytes of an object: s3://bucket/key.
type Read func(ctx context.Context, location string) ([]byte, error)

// Options tunes an engine. Database and WorkGroup are required.
type Options struct {
	Catalog   string        // of the database; empty: DefaultCatalog
	Database  string        // Glue's, of the lake's tables
	WorkGroup string        // its limits and its bill are those of every question
	Results   string        // where answers are left, s3://bucket/folder/; empty: the workgroup knows
	Reuse     time.Duration // how old a kept answer to the same text may be; a pinned text's answer never changes. 0: an hour; negative: none
	AnswerMB  int           // text that one answer may hold; 0: 256
	// Read fetches answers of more than one page at once. Nil: page by page.
	Read Read
}

// DefaultCatalog is Athena's name for the Glue catalog of the account.
const DefaultCatalog = "AwsDataCatalog"

// Engine asks Athena. It is safe for concurrent use.
type Engine struct {
	client Client
	opts   Options
}

// How long an engine waits between two looks at a question that runs, and for Athena to take its end.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = time.Second
	stopping  = 5 * time.Second
)

// New returns an engine over a client. An option that is missing is Invalid.
func New(client Client, opts Options) (*Engine, error) {
	for name, value := range map[string]string{"the database": opts.Database, "the workgroup": opts.WorkGroup} {
		if value == "" {
			return nil, fault.New(fault.Invalid, "athena: %s is not named", name)
		}
	}
	if opts.Catalog == "" {
		opts.Catalog = DefaultCatalog
	}
	if opts.Reuse == 0 {
		opts.Reuse = time.Hour
	}
	if opts.AnswerMB == 0 {
		opts.AnswerMB = 256
	}
	return &Engine{client: client, opts: opts}, nil
}

// Dialect is Athena's, over pinned rows.
func (e *Engine) Dialect() plan.Dialect { return plan.Athena() }

// Run runs one statement over the snapshots of the relations. A question given up by its context is stopped at Athena too.
func (e *Engine) Run(ctx context.Context, r query.Request) (*query.Result, error) {
	args, err := literals(r.Args)
	if err != nil {
		return nil, err
	}
	id, err := e.start(ctx, pinned(r.SQL, e.opts.Catalog, e.opts.Database, r.Relations), args)
	if err != nil {
		return nil, err
	}
	done, err := e.wait(ctx, id)
	if err != nil {
		return nil, err
	}
	result, err := e.fetch(ctx, done, r.MaxRows)
	if err != nil {
		return nil, ended(ctx, err)
	}
	if s := done.Statistics; s != nil {
		result.Scanned = aws.ToInt64(s.DataScannedInBytes)
	}
	return result, nil
}

// start begins the statement. The client's token makes a request that is sent again the same one.
func (e *Engine) start(ctx context.Context, text string, args []string) (string, error) {
	in := &sdk.StartQueryExecutionInput{QueryString: &text, WorkGroup: &e.opts.WorkGroup,
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: &e.opts.Catalog}}
	if len(args) > 0 {
		in.ExecutionParameters = args
	}
	if e.opts.Results != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &e.opts.Results}
	}
	if minutes := int32(e.opts.Reuse / time.Minute); minutes > 0 {
		in.ResultReuseConfiguration = &types.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: &minutes}}
	}
	out, err := e.client.StartQueryExecution(ctx, in)
	if err != nil {
		return "", refused(ctx, err, "ask Athena")
	}
	return *out.QueryExecutionId, nil
}

// wait looks at the question, ever less often, until it has ended.
func (e *Engine) wait(ctx context.Context, id string) (*types.QueryExecution, error) {
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		out, err := e.client.GetQueryExecution(ctx, &sdk.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			e.stop(ctx, id)
			return nil, refused(ctx, err, "look at a question at Athena")
		}
		q := out.QueryExecution
		switch q.Status.State {
		case types.QueryExecutionStateSucceeded:
			return q, nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return nil, failed(ctx, id, q.Status)
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			e.stop(ctx, id)
			return nil, ended(ctx, ctx.Err())
		}
	}
}

// stop ends a question that nobody waits for any longer. What it costs by then is lost; that it could not be stopped
// changes nothing for the one who asked.
func (e *Engine) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopping)
	defer cancel()
	_, _ = e.client.StopQueryExecution(ctx, &sdk.StopQueryExecutionInput{QueryExecutionId: &id})
}

// ended is the error of a question whose context may be over.
func ended(ctx context.Context, err error) error {
	switch ctx.Err() {
	case nil:
		return err
	case context.DeadlineExceeded:
		return fault.Wrap(fault.Exceeded, err, "the question took longer than it may: ask for a shorter range or a coarser grain")
	default:
		return ctx.Err()
	}
}

func refused(ctx context.Context, err error, doing string) error {
	if ctx.Err() != nil {
		return ended(ctx, err)
	}
	return cloud.Kind(err, doing)
}
