package dynamo

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// client returns a client that can be asked for the bytes of an answer, see raw.
func client(config aws.Config) *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(config, func(o *dynamodbstreams.Options) { o.Protocol = raw{o.Protocol} })
}

// raw is a protocol that leaves an answer's bytes as they came where the context asks for them. The SDK would make maps
// and values of each record, only to have them written out as the same JSON again.
type raw struct{ smithyhttp.ClientProtocol }

type sinkKey struct{}

// withSink returns a context in which the answer's bytes are put into sink.
func withSink(ctx context.Context, sink *[]byte) context.Context {
	return context.WithValue(ctx, sinkKey{}, sink)
}

// DeserializeResponse reads the answer, and leaves refusals to the SDK.
func (r raw) DeserializeResponse(ctx context.Context, schema *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable) error {
	sink, ok := ctx.Value(sinkKey{}).(*[]byte)
	if !ok || resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return r.ClientProtocol.DeserializeResponse(ctx, schema, types, resp, out)
	}
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxAnswer {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return &smithy.DeserializationError{Err: err}
	}
	if b.Len() > maxAnswer {
		return &smithy.DeserializationError{Err: fmt.Errorf("an answer of more than %d bytes", maxAnswer)}
	}
	*sink = b.Bytes()
	return nil
}

// maxAnswer is far above what a page can have: 1 MB of records, each image written out in JSON.
const maxAnswer = 64 << 20
