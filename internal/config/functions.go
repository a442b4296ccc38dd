package config

import (
	"log/slog"
	"time"
)

// The settings of the functions on AWS, one struct each: infra fills the very struct that the function loads. The region,
// the credentials and, beside stand-ins, the endpoints (AWS_ENDPOINT_URL_S3 and its like) are found as AWS's own tools
// find them.

// Function is what every function is told.
type Function struct {
	Environment string     `env:"TARN_ENVIRONMENT" default:"" doc:"The environment's name, such as prod: a dimension of every metric."`
	Schemas     string     `env:"TARN_SCHEMAS" default:"" doc:"The dataset files: a folder in the function's package, or s3://bucket/name.zip. Empty: the built-in Movement Pass."`
	LogLevel    slog.Level `env:"TARN_LOG_LEVEL" default:"INFO" doc:"DEBUG, INFO, WARN or ERROR."`
	Metrics     string     `env:"TARN_METRICS" default:"Tarn" doc:"The CloudWatch namespace of the metrics."`
}

// API is the settings of the function that takes records over HTTP.
type API struct {
	Function
	Tables      Names         `env:"TARN_TABLES" default:"" doc:"The deployed table of each table of the schemas, as name=deployed,…; one that is not named is deployed under its own name. tarn_idempotency is one of them."`
	Profile     string        `env:"TARN_PROFILE" default:"lenient" doc:"How strictly records are judged: lenient or strict."`
	Uploads     Location      `env:"TARN_UPLOADS" default:"" doc:"Where uploaded photos are kept: s3://bucket or s3://bucket/folder. Required with the Movement Pass datasets."`
	TokenSecret string        `env:"TARN_TOKEN_SECRET" default:"" doc:"ARN of the secret in Secrets Manager that signs Movement Pass tokens and upload addresses; at least 32 bytes. Required with the Movement Pass datasets."`
	PublicURL   string        `env:"TARN_PUBLIC_URL" default:"" doc:"Where clients reach the API, without a slash at the end. Empty: as each request says."`
	Issuer      string        `env:"TARN_ISSUER" default:"" doc:"Who issues the tokens of machine clients: a Cognito user pool's address. Empty: no machine clients. API Gateway checks the tokens; the function takes the claims that it passes on, and only from this issuer."`
	Clients     []string      `env:"TARN_CLIENTS" default:"" doc:"Ids of the app clients whose tokens count, separated by commas. Empty: all of the issuer's."`
	Grace       time.Duration `env:"TARN_GRACE" default:"500ms" doc:"What is left of the function's time when a request is given up, so that there is time to say so."`
}

// Processor is the settings of the function that lands what tables' streams deliver.
type Processor struct {
	Function
	Lake       Location      `env:"TARN_LAKE" doc:"The lake: s3://bucket or s3://bucket/folder."`
	Tables     Names         `env:"TARN_TABLES" default:"" doc:"The deployed table of each table of the schemas, as name=deployed,…; one that is not named is deployed under its own name."`
	MaskSecret string        `env:"TARN_MASK_SECRET" default:"" doc:"ARN of the secret in Secrets Manager that masks are made with. Required where a field of the schemas is masked."`
	Grace      time.Duration `env:"TARN_GRACE" default:"1s" doc:"What is left of the function's time when a batch that has not landed is given back."`
}

// Committer is the settings of the function that commits what has landed.
type Committer struct {
	Function
	Lake      Location      `env:"TARN_LAKE" doc:"The lake: s3://bucket or s3://bucket/folder."`
	Database  string        `env:"TARN_DATABASE" default:"tarn" doc:"The Glue database of the lake's tables."`
	Tables    Names         `env:"TARN_TABLES" default:"" doc:"The deployed table of each table of the schemas, as name=deployed,…; one that is not named is deployed under its own name. Their streams are asked which shards are closed."`
	Queue     string        `env:"TARN_QUEUE" default:"" doc:"Address of the SQS queue that wakes the function: it asks itself again there when more has landed than one turn could commit. Empty: the next landing or schedule wakes it."`
	PassMB    int           `env:"TARN_PASS_MB" default:"32" doc:"Landed megabytes in one commit, which bounds memory."`
	Snapshots int           `env:"TARN_SNAPSHOTS" default:"300" doc:"Snapshots of a table that are kept."`
	KeepFor   time.Duration `env:"TARN_KEEP_FOR" default:"1h" doc:"How long a snapshot and the files that only it has stay at least, for questions that read them."`
	Archive   bool          `env:"TARN_ARCHIVE" default:"false" doc:"Whether landed objects move to archive/ after their commit instead of being deleted; the bucket's lifecycle says for how many days."`
	Grace     time.Duration `env:"TARN_GRACE" default:"20s" doc:"What is left of the function's time when no new commit is begun."`
}

// Maintenance is the settings of the function that keeps the tables in shape: small files, bases, rollups, snapshots.
type Maintenance struct {
	Function
	Lake           Location      `env:"TARN_LAKE" doc:"The lake: s3://bucket or s3://bucket/folder."`
	Database       string        `env:"TARN_DATABASE" default:"tarn" doc:"The Glue database of the lake's tables."`
	Tables         Names         `env:"TARN_TABLES" default:"" doc:"The deployed table of each table of the schemas, as name=deployed,…; one that is not named is deployed under its own name."`
	Snapshots      int           `env:"TARN_SNAPSHOTS" default:"300" doc:"Snapshots of a table that are kept."`
	KeepFor        time.Duration `env:"TARN_KEEP_FOR" default:"1h" doc:"How long replaced files stay for questions that read them."`
	MemoryMB       int           `env:"TARN_MEMORY_MB" default:"512" doc:"Megabytes that a merge may have in memory, however large the partition; about half of the function's."`
	WorkGroup      string        `env:"TARN_WORKGROUP" default:"" doc:"The Athena workgroup that rollups are counted in. Empty: the task rollup is refused."`
	HeartbeatEvery time.Duration `env:"TARN_HEARTBEAT_EVERY" default:"5m" doc:"How long a shard of a change stream may be quiet before the task heartbeat writes an item that has to come through it; as often as the task is called. 0s: the task is refused."`
	HeartbeatWay   time.Duration `env:"TARN_HEARTBEAT_WAY" default:"5m" doc:"How long a heartbeat may be on its way to the lake before it is taken for lost: then more are written, until every shard carries one."`
	Results        Location      `env:"TARN_RESULTS" default:"" doc:"Where Athena leaves results: s3://bucket/folder. Empty: where the workgroup says."`
	Grace          time.Duration `env:"TARN_GRACE" default:"60s" doc:"What is left of the function's time when no further piece of work is begun."`
}

// Query is the settings of the function that answers questions and serves the console.
type Query struct {
	Function
	Lake          Location `env:"TARN_LAKE" doc:"The lake: s3://bucket or s3://bucket/folder."`
	Database      string   `env:"TARN_DATABASE" default:"tarn" doc:"The Glue database of the lake's tables."`
	WorkGroup     string   `env:"TARN_WORKGROUP" doc:"The Athena workgroup of dashboards and exports."`
	AdHoc         string   `env:"TARN_WORKGROUP_ADHOC" default:"" doc:"The Athena workgroup of questions that people write in SQL. Empty: that of dashboards."`
	Results       Location `env:"TARN_RESULTS" default:"" doc:"Where Athena leaves results: s3://bucket/folder. Empty: where the workgroup says."`
	Datasets      []string `env:"TARN_DATASETS" default:"" doc:"The datasets that may be asked about, separated by commas: those that the function's role may read. Empty: all."`
	Issuer        string   `env:"TARN_ISSUER" doc:"Who issues tokens: a Cognito user pool's address, https://cognito-idp.REGION.amazonaws.com/POOL."`
	Keys          string   `env:"TARN_JWKS" default:"" doc:"Address of the issuer's public keys. Empty: /.well-known/jwks.json below the issuer."`
	Clients       []string `env:"TARN_CLIENTS" doc:"Ids of the app clients whose tokens count, separated by commas."`
	SessionSecret string   `env:"TARN_SESSION_SECRET" doc:"ARN of the secret in Secrets Manager that seals sessions; at least 32 bytes."`

	Stream  bool          `env:"TARN_STREAM" default:"false" doc:"Whether the front takes answers as streams: a function URL with the invoke mode RESPONSE_STREAM. An HTTP API does not."`
	Timeout time.Duration `env:"TARN_TIMEOUT" default:"25s" doc:"Time of one question; API Gateway gives up after 30 s."`
	Grace   time.Duration `env:"TARN_GRACE" default:"1s" doc:"What is left of the function's time when a request is given up, so that there is time to say so."`
}
