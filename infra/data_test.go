package main_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// What is deployed is what the API asks for.
func TestTablesAreThoseOfTheAPI(t *testing.T) {
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var want []deploy.Table
	kinds := map[record.Kind]deploy.Kind{record.S: deploy.Text, record.N: deploy.Number, record.B: deploy.Bytes}
	key := func(k ingest.TableKey) deploy.Key {
		out := deploy.Key{Partition: k.Partition, PartitionKind: kinds[k.PartitionKind], Sort: k.Sort}
		if k.Sort != "" {
			out.SortKind = kinds[k.SortKind]
		}
		return out
	}
	for _, x := range ingest.Tables(registry) {
		table := deploy.Table{Name: x.Name, Stream: x.Stream, TTL: x.TTL, Key: key(x.Key)}
		for _, i := range x.Indexes {
			table.Indexes = append(table.Indexes, deploy.Index{Name: i.Name, Key: key(i.Key)})
		}
		want = append(want, table)
	}
	env, err := read("sandbox")
	if err != nil {
		t.Fatal(err)
	}
	got, err := deploy.Choose(env, schemas.Embedded())
	if diff := cmp.Diff(want, got.Tables); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestTablesAreSafe(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		tables := w.of(env, "AWS::DynamoDB::Table")
		for _, table := range tables {
			p := table.Properties
			if !strings.Contains(text(p["PointInTimeRecoverySpecification"]), `"PointInTimeRecoveryEnabled":true`) {
				t.Errorf("%s cannot be restored to a point in time", table)
			}
			if p["BillingMode"] != "PAY_PER_REQUEST" || p["TableName"] != nil {
				t.Errorf("%s: billing %v, name %v", table, p["BillingMode"], p["TableName"])
			}
			for _, index := range list(p["GlobalSecondaryIndexes"]) {
				if !strings.Contains(text(index), `"ProjectionType":"ALL"`) {
					t.Errorf("%s: index %s", table, text(index))
				}
			}
		}
		if len(tables) != 3 || len(list(find(tables, "Passes").Properties["GlobalSecondaryIndexes"])) != 2 {
			t.Errorf("%d tables", len(tables))
		}
		if ttl := text(find(tables, "Idempotency").Properties["TimeToLiveSpecification"]); !strings.Contains(ttl, `"AttributeName":"expires"`) {
			t.Errorf("answers that are remembered do not expire: %s", ttl)
		}
	})
}

func find(all []resource, part string) resource {
	for _, r := range all {
		if strings.Contains(r.id, part) {
			return r
		}
	}
	return resource{}
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}

// Where data is kept it outlives its stack, and nothing goes by a slip.
func TestKeptDataOutlivesItsStack(t *testing.T) {
	w := mustWorld(t)
	kept := []string{"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::Backup::BackupVault"}
	for _, kind := range kept {
		for _, r := range w.of("prod", kind) {
			if r.DeletionPolicy != "Retain" && !strings.Contains(r.stack, "pipeline") {
				t.Errorf("%s goes with its stack (%s)", r, r.DeletionPolicy)
			}
		}
	}
	for _, b := range w.of("prod", "AWS::S3::Bucket") {
		if strings.HasPrefix(b.id, "Lake") || strings.HasPrefix(b.id, "Uploads") {
			if b.DeletionPolicy != "Retain" || !strings.Contains(text(b.Properties["VersioningConfiguration"]), "Enabled") {
				t.Errorf("%s: %s, %s", b, b.DeletionPolicy, text(b.Properties["VersioningConfiguration"]))
			}
		}
	}
	for _, r := range w.of("prod", "AWS::DynamoDB::Table") {
		if r.Properties["DeletionProtectionEnabled"] != true {
			t.Errorf("%s can be deleted by mistake", r)
		}
	}
	for _, r := range w.of("prod", "AWS::Cognito::UserPool") {
		if r.Properties["DeletionProtection"] != "ACTIVE" {
			t.Errorf("%s can be deleted by mistake", r)
		}
	}
	manifest, err := os.ReadFile(w.assemblies["prod"].Folder + "/manifest.json")
	if n := strings.Count(string(manifest), `"terminationProtection": true`); n != len(w.assemblies["prod"].Stacks) || err != nil {
		t.Errorf("%d of %d stacks are protected (%v)", n, len(w.assemblies["prod"].Stacks), err)
	}
}

func TestLakeBucketTidiesUp(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		lake := find(w.of(env, "AWS::S3::Bucket"), "Lake")
		rules := text(lake.Properties["LifecycleConfiguration"])
		for _, want := range []string{`"NoncurrentVersionExpiration":{"NoncurrentDays":7}`, `"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}`} {
			if !strings.Contains(rules, want) {
				t.Errorf("no %s in %s", want, rules)
			}
		}
		if archive := strings.Contains(rules, `"Prefix":"archive/"`); archive != (env == "test" || env == "prod") {
			t.Errorf("the archive: %s", rules)
		}
		if strings.Contains(rules, `"Prefix":"landing`) || !strings.Contains(text(lake.Properties["NotificationConfiguration"]), `"Value":"landing/"`) {
			t.Errorf("landings: %s, %s", rules, text(lake.Properties["NotificationConfiguration"]))
		}
	})
}

// Each class of questions has a limit of its own, which nobody can turn off in a question.
func TestWorkgroupsLimitScans(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		groups := w.of(env, "AWS::Athena::WorkGroup")
		for _, g := range groups {
			c := g.Properties["WorkGroupConfiguration"].(map[string]any)
			if c["EnforceWorkGroupConfiguration"] != true {
				t.Errorf("%s lets questions choose", g)
			}
			if limit, _ := c["BytesScannedCutoffPerQuery"].(float64); limit < 10<<20 && g.id != "Upkeep" {
				t.Errorf("%s has the limit %v", g, limit)
			}
		}
		if len(groups) != 3 {
			t.Errorf("%d workgroups", len(groups))
		}
	})
}
