package deploy

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// asking is the function that answers questions and serves the console's pages.
type asking struct {
	stack    awscdk.Stack
	function *function
}

const (
	queryTimeout = 29 // seconds; the door gives up then
	queryMemory  = 1024
)

func newQuery(s *site, base *configuration, l *lake, i *identity, c *console) *asking {
	q := &asking{stack: s.stack("query", "the function that answers questions")}
	f := newFunction(s, q.stack, base, program{
		name: "query", what: "answers questions and serves the console", memoryMB: queryMemory, timeout: queryTimeout, outside: true,
		settings: config.Environ(config.Query{
			Function: s.common(), Lake: l.location(), Database: l.database, WorkGroup: l.workgroups[dashboards], AdHoc: l.workgroups[adhoc], Datasets: s.env.Query.Datasets, Issuer: i.issuer(),
			Clients: []string{*c.client.UserPoolClientId(), *i.machine.UserPoolClientId()}, SessionSecret: *base.session.SecretArn(), Timeout: 25 * time.Second, Grace: time.Second,
		}),
	})
	q.function = f
	f.may("", []string{"secretsmanager:GetSecretValue"}, base.session.SecretArn())
	for _, class := range []string{dashboards, adhoc} {
		f.may("", athenaActions(), arn(q.stack, "athena", "workgroup/"+l.workgroups[class]))
		f.may("Athena names answers by questions.", answering(), l.results.ArnForObjects(jsii.String(class+"/*")))
	}
	f.may("", []string{"s3:GetBucketLocation", "s3:ListBucket"}, l.results.BucketArn(), l.bucket.BucketArn())
	tables := readableTables(s)
	f.may("", []string{"glue:GetDatabase", "glue:GetTable", "glue:GetTables"}, l.catalog(q.stack, tables...)...)
	for _, t := range tables {
		f.may("Files of a table have random names; only those of the datasets that this environment may ask about are named.", []string{"s3:GetObject"}, l.objects(tableFiles+"/"+t))
	}
	f.release(base, true)
	hall := c.door.hall(f)
	hall.open("The function serves the sign-in page to everybody, and checks the session cookie or the token of every other request.", "$default")
	return q
}

// readableTables are the tables that the query function may read: those of its datasets, and what every answer says of them:
// how many rows are held back, what is missing, and how far quiet shards are.
func readableTables(s *site) []string {
	tables := []string{"quarantine", "ledger", "heartbeats"}
	for _, name := range s.data.readable(s.env) {
		tables = append(tables, name, name+"_changes", name+"_base", name+"_daily")
	}
	return tables
}
