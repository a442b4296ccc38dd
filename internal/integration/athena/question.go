package athena

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
)

// States of a question.
const (
	queued    = "QUEUED"
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
	cancelled = "CANCELLED"
)

// question is one that was asked. The server's lock guards what changes.
type question struct {
	id     string
	in     startIn
	group  *group
	asked  time.Time
	result string // where its answer is left
	cancel context.CancelFunc

	state   string
	reason  string
	fault   *athenaError
	ended   time.Time
	scanned int64
	reused  bool
	answer  table
}

// start begins a question, or returns the one that the token or a kept answer stands for.
func (s *Server) start(in startIn) (startOut, error) {
	g, ok := s.groups[in.group()]
	switch {
	case !ok:
		return startOut{}, invalid("WorkGroup " + in.group() + " is not found.")
	case strings.TrimSpace(in.QueryString) == "":
		return startOut{}, invalid("QueryString is empty")
	case len(in.ClientRequestToken) < 32:
		return startOut{}, invalid("ClientRequestToken has less than 32 characters")
	}
	place := in.ResultConfiguration.OutputLocation
	if place == "" || g.Enforced {
		place = g.Results
	}
	if !strings.HasPrefix(place, "s3://") {
		return startOut{}, invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.tokens[in.ClientRequestToken]; ok {
		if !known.in.same(in) {
			return startOut{}, invalid("Idempotent parameters do not match")
		}
		return startOut{known.id}, nil
	}
	q := &question{id: uuid.NewString(), in: in, group: g, asked: s.now(), state: queued}
	q.result = strings.TrimSuffix(place, "/") + "/" + q.id + ".csv"
	s.questions[q.id], s.tokens[in.ClientRequestToken] = q, q
	var ctx context.Context
	ctx, q.cancel = context.WithCancel(s.ctx)
	if kept := s.kept(q); kept != nil {
		q.state, q.answer, q.result, q.ended, q.reused = succeeded, kept.answer, kept.result, q.asked, true
		q.cancel()
		return startOut{q.id}, nil
	}
	s.work.Add(1)
	go s.run(ctx, q)
	return startOut{q.id}, nil
}

// kept returns the question whose answer may be used again.
func (s *Server) kept(q *question) *question {
	reuse := q.in.ResultReuseConfiguration.ResultReuseByAgeConfiguration
	if !reuse.Enabled {
		return nil
	}
	oldest := q.asked.Add(-time.Duration(reuse.MaxAgeInMinutes) * time.Minute)
	for _, other := range s.questions {
		if other.state == succeeded && !other.reused && other.group == q.group && other.in.same(q.in) && !other.ended.Before(oldest) {
			return other
		}
	}
	return nil
}

// run asks Trino once the workgroup has room.
func (s *Server) run(ctx context.Context, q *question) {
	defer s.work.Done()
	defer q.cancel()
	if slots := q.group.slots; slots != nil {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			s.ends(q, table{}, ctx.Err())
			return
		}
	}
	s.mu.Lock()
	q.state = running
	s.mu.Unlock()
	answer, err := s.answered(ctx, q)
	if err == nil {
		err = s.leave(ctx, q.result, answer)
	}
	s.ends(q, answer, err)
}

// leave puts the answer into the bucket.
func (s *Server) leave(ctx context.Context, location string, answer table) error {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	_, err := s.bucket.PutObject(ctx, &sdk.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(answer.csv()), ContentType: aws.String("application/octet-stream")})
	return err
}

// ends sets how a question has ended, in Athena's words.
func (s *Server) ends(q *question, answer table, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.ended, q.scanned = s.now(), answer.scanned
	var refused *trinoError
	switch {
	case err == nil:
		q.state, q.answer = succeeded, answer
	case errors.Is(err, context.Canceled):
		q.state, q.reason = cancelled, "Query was cancelled by the user"
	case !errors.As(err, &refused):
		q.state, q.reason, q.fault = failed, err.Error(), &athenaError{ErrorCategory: 1, ErrorMessage: err.Error()}
	case refused.Name == "EXCEEDED_SCAN_LIMIT":
		q.state, q.reason = cancelled, "Query cancelled! : Bytes scanned limit was exceeded"
	case refused.Name == "EXCEEDED_TIME_LIMIT":
		q.state, q.reason = failed, "Query timeout"
	default:
		q.state, q.reason = failed, refused.Error()
		q.fault = &athenaError{ErrorCategory: refused.category(), ErrorMessage: q.reason}
	}
}

// stop ends a question.
func (s *Server) stop(in questionIn) (struct{}, error) {
	q, err := s.question(in.QueryExecutionId)
	if err == nil {
		q.cancel()
	}
	return struct{}{}, err
}

func (s *Server) question(id string) (*question, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.questions[id]
	if !ok {
		return nil, invalid("QueryExecution " + id + " was not found")
	}
	return q, nil
}

// same reports whether two requests ask for the same thing.
func (in startIn) same(other startIn) bool {
	return in.QueryString == other.QueryString && slices.Equal(in.ExecutionParameters, other.ExecutionParameters) &&
		in.QueryExecutionContext == other.QueryExecutionContext && in.ResultConfiguration == other.ResultConfiguration && in.WorkGroup == other.WorkGroup
}
