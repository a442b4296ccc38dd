package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/schemas"
)

// objectsAtOnce is how many landed objects are read at once: each takes some 20 ms, nearly all of them on the way.
const objectsAtOnce = 16

// answering is kept of the function's time for what comes after the commits.
const answering = 2 * time.Second

// handler commits whenever it is woken.
type handler struct {
	base      *function.Base
	lake      *warehouse.Warehouse
	settings  config.Committer
	committer *commit.Committer
	shards    *warehouse.Shards
	queue     *sqs.Client
}

// answer says what was done. Nobody reads it but people who call the function by hand.
type answer struct {
	Rows    int64 `json:"rows"`
	Objects int   `json:"objects"`
	Holes   int   `json:"holes"`
	Waiting int   `json:"waiting"`
}

// Invoke implements lambda.Handler. What an event says does not matter: it only wakes, and the listing is the truth. An
// error leaves the messages in the queue, from where they come again.
func (h *handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	within, cancel := function.Within(ctx, answering)
	defer cancel()
	if err := h.shards.End(within, h.committer.End); err != nil { // old shards only make the data look older
		h.base.Log.WarnContext(ctx, "it is not known which shards are closed", telemetry.Err, err)
	}
	report, err := h.committer.Commit(within)
	h.tell(report)
	if err != nil {
		h.base.Log.ErrorContext(ctx, "not everything could be committed", telemetry.Err, err)
		return nil, fmt.Errorf("commit: %w", err)
	}
	if report.Waiting > 0 {
		if err := h.again(ctx); err != nil {
			return nil, err
		}
	}
	return json.Marshal(answer{report.Rows(), report.Objects, len(report.Holes), report.Waiting})
}

// tell measures how old the data is now, of every dataset of the streams that were committed: a quiet one is as young as
// its heartbeats.
func (h *handler) tell(report commit.Report) {
	now := time.Now()
	beats := report.Marks[schemas.HeartbeatTable]
	for _, d := range h.base.Registry.Datasets() {
		marks, known := report.Marks[d.ChangesTable()]
		if at, open := marks.Beyond(beats, d.Stream).CompleteTo(); known && open && d.Stream != "" {
			h.base.Observe(warehouse.Age{Dataset: d.Name, Age: now.Sub(at)})
		}
	}
}

// again asks for another turn.
func (h *handler) again(ctx context.Context) error {
	if h.settings.Queue == "" {
		return nil // the next landing, or the schedule
	}
	_, err := h.queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &h.settings.Queue, MessageBody: aws.String(`{"reason":"more has landed"}`)})
	return cloud.Kind(err, "ask for another turn at "+h.settings.Queue)
}

// streams returns the deployed table of each stream.
func streams(registry *schemas.Registry, deployed config.Names) map[string]string {
	all := map[string]string{}
	for _, d := range registry.Datasets() {
		if d.Table != "" && d.Stream != "" {
			all[d.Stream] = deployed.Of(d.Table)
		}
	}
	return all
}
