package config

import "time"

// Up is the settings of one machine: everything that `tarn up` runs. Flags of the same meaning win over them.
type Up struct {
	Addr           string        `env:"TARN_ADDR" default:"127.0.0.1:8080" doc:"Address that the dashboard and the API listen on."`
	Data           string        `env:"TARN_DATA" default:"data" doc:"The data folder."`
	Schemas        string        `env:"TARN_SCHEMAS" default:"" doc:"A folder of dataset files to use instead of the built-in Movement Pass."`
	Profile        string        `env:"TARN_PROFILE" default:"lenient" doc:"How strictly the API judges records: lenient or strict."`
	Store          string        `env:"TARN_STORE" default:"" doc:"Where records are kept: embedded or dynamodb. Empty: where the data folder was begun, at first embedded."`
	Endpoint       string        `env:"TARN_DYNAMODB_ENDPOINT" default:"" doc:"A stand-in for DynamoDB, such as http://127.0.0.1:8000. Empty: AWS's own."`
	Tables         Names         `env:"TARN_TABLES" default:"" doc:"The table in DynamoDB of each table of the schemas, as name=deployed,…; one that is not named has its own name. Empty: as the data folder was begun."`
	Lake           string        `env:"TARN_LAKE" default:"" doc:"A bucket for the lake, such as s3://my-lake or s3://my-lake/folder. Empty: where the data folder was begun, at first the folder itself."`
	LakeURL        string        `env:"TARN_S3_ENDPOINT" default:"" doc:"A stand-in for S3. Empty: AWS's own."`
	Catalog        string        `env:"TARN_CATALOG" default:"" doc:"The catalog of a lake in a bucket: glue, or glue:DATABASE; glue is glue:tarn. Empty: glue."`
	CatalogURL     string        `env:"TARN_GLUE_ENDPOINT" default:"" doc:"A stand-in for Glue. Empty: AWS's own."`
	CacheMB        int           `env:"TARN_CACHE_MB" default:"2048" doc:"Room in MB for copies of a bucket's files that questions read."`
	Demo           bool          `env:"TARN_DEMO" default:"true" doc:"Whether an empty folder gets thirty days of history, and live traffic goes on."`
	DemoRate       float64       `env:"TARN_DEMO_RATE" default:"0.3" doc:"Live demo applications a second at the busiest hour."`
	Shards         int           `env:"TARN_SHARDS" default:"4" doc:"Shards of each change stream."`
	CommitEvery    time.Duration `env:"TARN_COMMIT_EVERY" default:"500ms" doc:"Shortest time between two commits."`
	HeartbeatEvery time.Duration `env:"TARN_HEARTBEAT_EVERY" default:"1m" doc:"How long a shard of a change stream may be quiet before a heartbeat is written that has to come through it; 0s: none is."`
	StaleAfter     time.Duration `env:"TARN_STALE_AFTER" default:"10s" doc:"Age of the data from which on the machine calls itself unhealthy and raises an alarm."`
	BatchLimit     int           `env:"TARN_BATCH_LIMIT" default:"1000" doc:"Records in one landed batch at most."`
	QueryMemory    int           `env:"TARN_QUERY_MEMORY_MB" default:"80" doc:"Memory of the query engine in MB."`
	Snapshots      int           `env:"TARN_SNAPSHOTS" default:"100" doc:"Snapshots of a table that are kept."`
	ArchiveDays    int           `env:"TARN_ARCHIVE_DAYS" default:"0" doc:"How many days landed objects stay under archive/ after their commit, so that everything can be replayed; 0: they go at once, and what is there stays."`
	ReserveMB      int           `env:"TARN_RESERVE_MB" default:"64" doc:"Room on the disk in MB below which writes are refused."`
	Faults         string        `env:"TARN_FAULTS" default:"" doc:"A file with a fault plan: what goes wrong on purpose."`
	LogLevel       string        `env:"TARN_LOG_LEVEL" default:"info" doc:"debug, info, warn or error."`
	LogForm        string        `env:"TARN_LOG_FORM" default:"text" doc:"text or json."`
}
