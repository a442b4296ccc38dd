package lambda

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// event is what matters of an event around its records. Whether a window ends with it does not: what has landed has
// landed, and the next window only begins without a state.
type event struct {
	Shard string `json:"shardId"`
	ARN   string `json:"eventSourceARN"`
	State state  `json:"state"`
}

// parse reads the event around its records, which may be six megabytes and are read once, when they are decoded. They lie
// between their own bracket and the last one of the event, wherever the other members stand; where that gives no JSON,
// all is read.
func parse(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(around(payload), &e); err == nil {
		return e, nil
	}
	e = event{}
	if err := json.Unmarshal(payload, &e); err != nil {
		return e, fault.Wrap(fault.Invalid, err, "the event cannot be read as JSON")
	}
	return e, nil
}

// around returns the event without its records.
func around(payload []byte) []byte {
	open := []byte(`"Records":[`)
	from, to := bytes.Index(payload, open), bytes.LastIndexByte(payload, ']')
	if from < 0 || to < from+len(open) {
		return payload
	}
	rest := append([]byte(nil), payload[:from+len(open)]...)
	return append(rest, payload[to:]...)
}

// parseARN takes the table and the stream's label from arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>.
func parseARN(arn string) (table, label string, err error) {
	_, path, ok := strings.Cut(arn, ":table/")
	table, label, found := strings.Cut(path, "/stream/")
	if !ok || !found || table == "" || label == "" || strings.Contains(label, "/") {
		return "", "", fault.New(fault.Invalid, "%q is not the ARN of a table's stream: map the function to a DynamoDB stream", arn)
	}
	return table, label, nil
}
