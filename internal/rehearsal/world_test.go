//go:build integration

package rehearsal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/rehearsal"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/xray"
	feed "github.com/tarn-lake/tarn/processors/stream/dynamo"
	"github.com/tarn-lake/tarn/schemas"
)

// binaries are the compiled functions, made once: as they are deployed, but for this machine's processor.
var binaries = sync.OnceValues(func() (string, error) {
	dir := os.Getenv(binariesKey)
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "./cmd/api-lambda", "./cmd/processor-lambda", "./cmd/committer-lambda", "./cmd/maintenance-lambda", "./cmd/query-lambda")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the functions: %w\n%s", err, out)
	}
	return dir, nil
})

// binariesKey names the folder of the compiled functions.
const binariesKey = "TARN_REHEARSAL_BINARIES"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tarn-rehearsal-")
	if err == nil {
		err = os.Setenv(binariesKey, dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// parts are the components that all worlds share.
type parts struct {
	dynamo  string
	moto    *rehearsal.Proxy
	objects integration.Objects
	s3      *rehearsal.Proxy
	athena  string              // empty: it is not needed
	trino   *integration.Engine // behind it
	landed  chan string         // events of created objects
	traces  *traces             // X-Ray's daemon
}

func newParts(t *testing.T) *parts {
	t.Helper()
	p := &parts{landed: make(chan string, 10_000), dynamo: integration.DynamoDB(t)}
	p.begin(t)
	return p
}

// begin starts the catalog, with all that moto has besides, and the bucket.
func (p *parts) begin(t *testing.T) {
	t.Helper()
	p.traces = newTraces(t)
	p.moto = rehearsal.NewProxy(t, integration.Glue(t))
	hook := httptest.NewServer(http.HandlerFunc(p.told))
	t.Cleanup(hook.Close)
	p.objects = integration.S3Telling(t, hook.URL)
	p.s3 = rehearsal.NewProxy(t, p.objects.Endpoint)
}

// told takes an event of the bucket.
func (p *parts) told(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var event struct {
		Records []struct {
			Name string `json:"eventName"`
			S3   struct {
				Bucket struct{ Name string }
				Object struct{ Key string }
			}
		}
	}
	if json.Unmarshal(body, &event) != nil {
		return
	}
	for _, e := range event.Records {
		if strings.Contains(e.Name, "ObjectCreated") && strings.Contains(e.S3.Object.Key, "landing/") {
			select {
			case p.landed <- string(body):
			default: // nobody takes them, and the listing is the truth
			}
		}
	}
}

func (p *parts) config(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: endpoint, Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is a deployment: tables, a bucket, a queue, the functions, and what calls them.
type world struct {
	t *testing.T
	*parts
	name      string
	registry  *schemas.Registry
	tables    config.Names
	files     *s3.Bucket
	catalog   *tables.Catalog
	api       *rehearsal.Function
	processor *rehearsal.Function
	committer *rehearsal.Function
	keeper    *rehearsal.Function // maintenance
	asker     *rehearsal.Function // query; nil until somebody asks
	front     *rehearsal.Front
	pollers   []*rehearsal.Poller
	queue     *rehearsal.Queue
	source    *feed.Feed
}

const minute = time.Minute

func newWorld(t *testing.T, p *parts, name string) *world {
	t.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, parts: p, name: name, registry: registry, tables: config.Names{}}
	w.makeTables()
	w.makeLake()
	w.makeFunctions()
	w.mapSources()
	return w
}

// makeTables makes the tables under the names that a deployment gives them.
func (w *world) makeTables() {
	all := ingest.Tables(w.registry)
	for i := range all {
		w.tables[all[i].Name] = w.name + "-" + all[i].Name
		all[i].Name = w.tables[all[i].Name]
	}
	if err := dynamo.Ensure(w.t.Context(), dynamo.Client(w.config(w.t, w.dynamo)), all, dynamo.EnsureOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) bucket() string { return "lake-" + w.name }

func (w *world) makeLake() {
	for _, bucket := range []string{w.bucket(), "uploads-" + w.name} {
		if err := os.Mkdir(filepath.Join(w.objects.Folder, bucket), 0o755); err != nil {
			w.t.Fatal(err)
		}
	}
	w.files = s3.Open(s3.Client(w.config(w.t, w.objects.Endpoint)), w.bucket(), s3.Options{})
	var err error
	w.catalog, err = tables.OpenGlue(w.t.Context(), glue.NewFromConfig(w.config(w.t, w.moto.URL)),
		tables.Place{Database: w.name, Root: "s3://" + w.bucket() + "/", Objects: w.files}, tables.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	client := sqs.NewFromConfig(w.config(w.t, w.moto.URL))
	made, err := client.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("wake-" + w.name), Attributes: map[string]string{"VisibilityTimeout": "1"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.queue = &rehearsal.Queue{Client: client, URL: w.moto.URL + "/000000000000/wake-" + w.name, ARN: aws.ToString(made.QueueUrl), Batch: 1000}
}

// secret makes a secret and returns its ARN.
func (w *world) secret(name string) string {
	out, err := secretsmanager.NewFromConfig(w.config(w.t, w.moto.URL)).CreateSecret(w.t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(w.name + "/" + name), SecretString: aws.String(strings.Repeat(name, 16))})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(out.ARN)
}

func (w *world) makeFunctions() {
	common := config.Function{Environment: w.name, Metrics: "Tarn"}
	lake := config.Location("s3://" + w.bucket())
	w.api = function(w, "api", config.Environ(config.API{Function: common, Tables: w.tables, Profile: "lenient", Uploads: config.Location("s3://uploads-" + w.name),
		TokenSecret: w.secret("token"), Issuer: issuer, Grace: 500 * time.Millisecond}))
	w.processor = function(w, "processor", config.Environ(config.Processor{Function: common, Lake: lake, Tables: w.tables, MaskSecret: w.secret("mask"), Grace: time.Second}))
	w.committer = function(w, "committer", config.Environ(config.Committer{Function: common, Lake: lake, Database: w.name, Tables: w.tables, Queue: w.queue.URL, PassMB: 32, Snapshots: 300,
		KeepFor: time.Hour, Grace: 5 * time.Second}))
	w.keeper = function(w, "maintenance", config.Environ(config.Maintenance{Function: common, Lake: lake, Database: w.name, Tables: w.tables, Snapshots: 300, KeepFor: time.Hour, MemoryMB: 128,
		HeartbeatEvery: 10 * time.Second, HeartbeatWay: 10 * time.Second, WorkGroup: "upkeep", Grace: 5 * time.Second}))
	w.front = &rehearsal.Front{Function: w.api, Guarded: func(path string) bool { return strings.HasPrefix(path, "/v1/datasets/") }}
}

// function returns a compiled function with its settings, and with what its SDK needs to reach the stand-ins.
func function(w *world, name string, env map[string]string) *rehearsal.Function {
	w.t.Helper()
	dir, err := binaries()
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_REGION": integration.Region, "AWS_ACCESS_KEY_ID": integration.Key, "AWS_SECRET_ACCESS_KEY": integration.Secret,
		"AWS_ENDPOINT_URL_S3": w.s3.URL, "AWS_ENDPOINT_URL_DYNAMODB": w.dynamo, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": w.dynamo,
		"AWS_ENDPOINT_URL_ATHENA": w.athena, "AWS_ENDPOINT_URL_GLUE": w.moto.URL, "AWS_ENDPOINT_URL_SQS": w.moto.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER": w.moto.URL,
	} {
		env[name] = value
	}
	env[xray.Variable] = w.traces.address()
	f := &rehearsal.Function{Name: name, Program: filepath.Join(dir, name+"-lambda"), Env: env, Timeout: minute}
	w.t.Cleanup(f.Stop)
	return f
}

// mapSources maps the streams and the queue to their functions, as infra does.
func (w *world) mapSources() {
	w.t.Helper()
	mapping := rehearsal.Mapping{BatchSize: 10_000, TumblingWindow: 15 * time.Minute, RetryAttempts: -1, RecordAge: -1, ReportFailures: true}
	of := map[string]string{}
	for _, d := range w.registry.Datasets() {
		of[d.Stream] = w.tables.Of(d.Table)
	}
	w.source = feed.New(w.config(w.t, w.dynamo), of, feed.Options{})
	for _, stream := range w.registry.Streams() {
		arn := func(label string) string {
			return "arn:aws:dynamodb:eu-west-1:000000000000:table/" + of[stream] + "/stream/" + label
		}
		p, err := rehearsal.NewPoller(mapping, w.source, stream, arn, w.processor, time.Now)
		if err != nil {
			w.t.Fatal(err)
		}
		w.pollers = append(w.pollers, p)
	}
	w.queue.Function = w.committer
}

// wake sends what the bucket told to the queue.
func (w *world) wake() {
	w.t.Helper()
	for {
		select {
		case event := <-w.landed:
			if !strings.Contains(event, w.bucket()) || !strings.Contains(event, "landing/") {
				continue
			}
			if _, err := w.queue.Client.SendMessage(w.t.Context(), &sqs.SendMessageInput{QueueUrl: &w.queue.URL, MessageBody: &event}); err != nil {
				w.t.Fatal(err)
			}
		default:
			return
		}
	}
}

// flow delivers until the histories have so many rows in all. Functions that fail are called again, as on AWS.
func (w *world) flow(want map[string]int64) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*minute)
	defer cancel()
	for !w.has(want) {
		w.deliver(ctx)
		if ctx.Err() != nil {
			w.t.Fatalf("the lake does not get %v\nprocessor: %s\ncommitter: %s", want, w.processor.Log(), w.committer.Log())
		}
	}
}

// deliver makes the calls that are due.
func (w *world) deliver(ctx context.Context) {
	w.t.Helper()
	for _, p := range w.pollers {
		if err := p.Step(ctx); err != nil && ctx.Err() == nil {
			w.t.Fatal(err)
		}
	}
	w.wake()
	if _, err := w.queue.Step(ctx); err != nil && ctx.Err() == nil {
		w.t.Logf("the queue's messages come again: %.300v", err)
	}
}

func (w *world) has(want map[string]int64) bool {
	w.t.Helper()
	for table, rows := range want {
		if w.rows(table) < rows {
			return false
		}
	}
	return true
}

// rows returns how many rows a table has.
func (w *world) rows(table string) int64 {
	w.t.Helper()
	t, err := w.catalog.Existing(w.t.Context(), table)
	if fault.Is(err, fault.NotFound) {
		return 0
	}
	if err != nil {
		return 0 // the catalog is slowed down on purpose
	}
	snap, err := t.Snapshot(w.t.Context())
	if err != nil {
		return 0
	}
	return snap.Rows
}
