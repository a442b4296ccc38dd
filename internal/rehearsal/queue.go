package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Queue delivers the messages of an SQS queue to a function as an event source mapping does: in batches, deleted when the
// function has succeeded and left to come again when it has not.
type Queue struct {
	Client   *sqs.Client
	URL      string
	ARN      string
	Function Caller
	Batch    int // messages of a call at most
}

type message struct {
	ID      string            `json:"messageId"`
	Receipt string            `json:"receiptHandle"`
	Body    string            `json:"body"`
	Source  string            `json:"eventSource"`
	ARN     string            `json:"eventSourceARN"`
	About   map[string]string `json:"attributes"`
}

// Run delivers until ctx is done.
func (q *Queue) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if _, err := q.Step(ctx); err != nil && ctx.Err() == nil {
			var failed *CallError
			if !errors.As(err, &failed) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step gathers what is there, calls the function with it, and returns how many messages are done with. A *CallError is
// the function's own.
func (q *Queue) Step(ctx context.Context) (int, error) {
	const page = 10 // of one receive, the service's own limit
	var got []types.Message
	for len(got) < q.Batch {
		out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q.URL, MaxNumberOfMessages: page})
		if err != nil {
			return 0, err
		}
		if got = append(got, out.Messages...); len(out.Messages) < page {
			break
		}
	}
	if len(got) == 0 {
		return 0, nil
	}
	event := struct{ Records []message }{}
	for _, m := range got {
		event.Records = append(event.Records, message{aws.ToString(m.MessageId), aws.ToString(m.ReceiptHandle), aws.ToString(m.Body), "aws:sqs", q.ARN, m.Attributes})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return 0, err
	}
	if _, err := q.Function.Invoke(ctx, payload); err != nil {
		return 0, err
	}
	for _, m := range got {
		if _, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return 0, err
		}
	}
	return len(got), nil
}
