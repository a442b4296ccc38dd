package xray

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Watch makes every client of the settings tell of its requests. With a nil Tracer nothing is added.
func (t *Tracer) Watch(c *aws.Config) {
	if t == nil {
		return
	}
	c.APIOptions = append(c.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TellXRay", t.request), middleware.After)
	})
}

// request makes a request and tells of it.
func (t *Tracer) request(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	h := From(ctx)
	if !t.takes(h) {
		return next.HandleInitialize(ctx, in)
	}
	began := time.Now()
	out, meta, err := next.HandleInitialize(ctx, in)
	s := segment{ID: newID(), Trace: h.Root, Parent: h.Parent, Type: "subsegment", Namespace: "aws", Name: awsmiddleware.GetServiceID(ctx), Start: seconds(began), End: seconds(time.Now()),
		AWS: service{Operation: awsmiddleware.GetOperationName(ctx), Region: awsmiddleware.GetRegion(ctx)}}
	s.AWS.RequestID, _ = awsmiddleware.GetRequestIDMetadata(meta)
	if tries, ok := retry.GetAttemptResults(meta); ok && len(tries.Results) > 1 {
		s.AWS.Tries = len(tries.Results) - 1
	}
	s.ended(meta, err)
	t.send(s)
	return out, meta, err
}

// ended says how the request ended: by its status and the service's own code, never by its message.
func (s *segment) ended(meta middleware.Metadata, err error) {
	status := 0
	if response, ok := awsmiddleware.GetRawResponse(meta).(*smithyhttp.Response); ok {
		status = response.StatusCode
	}
	var refused *smithyhttp.ResponseError
	if errors.As(err, &refused) {
		status = refused.HTTPStatusCode()
	}
	if status != 0 {
		s.HTTP = &answer{}
		s.HTTP.Response.Status = status
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		s.AWS.Code = api.ErrorCode()
	}
	switch {
	case err == nil:
	case status == http.StatusTooManyRequests:
		s.Error, s.Throttle = true, true
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		s.Error = true
	default:
		s.Fault = true
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
