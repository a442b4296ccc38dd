package integration

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const jvm = `-server
-Xmx1G
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-XX:+ExitOnOutOfMemoryError
-XX:ReservedCodeCacheSize=128M
-Djdk.attach.allowAttachSelf=true
-Dfile.encoding=UTF-8
--enable-native-access=ALL-UNNAMED
--sun-misc-unsafe-memory-access=allow
`

const coordinator = `coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=PORT
discovery.uri=http://127.0.0.1:PORT
query.max-memory=300MB
query.max-memory-per-node=300MB
memory.heap-headroom-per-node=200MB
catalog.management=static
`

const node = `node.environment=integration
node.data-dir=DATA
`

// The catalog lake is the tables of Glue; register_table shows it those of a folder.
const lakeCatalog = `connector.name=iceberg
iceberg.catalog.type=glue
iceberg.file-format=PARQUET
iceberg.register-table-procedure.enabled=true
hive.metastore.glue.region=REGION
hive.metastore.glue.endpoint-url=GLUE
hive.metastore.glue.aws-access-key=KEY
hive.metastore.glue.aws-secret-key=SECRET
hive.metastore.glue.default-warehouse-dir=s3://lake
fs.native-s3.enabled=true
s3.endpoint=S3
s3.region=REGION
s3.path-style-access=true
s3.aws-access-key=KEY
s3.aws-secret-key=SECRET
`

// Trino starts Trino with one catalog under two names, "lake" and the one that Athena gives it, "awsdatacatalog": the
// Iceberg tables that glue names and objects holds.
func Trino(t testing.TB, glue string, objects Objects) *Engine {
	t.Helper()
	home := installed(t, "trino", version(t, "TRINO"))
	port := run(t, "trino", func(port string) *exec.Cmd {
		dir := t.TempDir()
		fill := strings.NewReplacer("PORT", port, "DATA", dir, "REGION", Region, "GLUE", glue, "S3", objects.Endpoint, "KEY", Key, "SECRET", Secret)
		for name, text := range map[string]string{
			"jvm.config": jvm, "config.properties": fill.Replace(coordinator),
			"node.properties": fill.Replace(node), "catalog/lake.properties": fill.Replace(lakeCatalog),
			"catalog/awsdatacatalog.properties": fill.Replace(lakeCatalog),
		} {
			write(t, filepath.Join(dir, "etc", name), text)
		}
		cmd := exec.CommandContext(context.Background(), filepath.Join(home, "bin/launcher"), "run", "--etc-dir="+filepath.Join(dir, "etc"))
		cmd.Dir = dir
		cmd.Env = []string{"JAVA_HOME=" + filepath.Join(home, "java"), "PATH=" + filepath.Join(home, "java/bin") + ":" + os.Getenv("PATH")}
		return cmd
	}, func(ctx context.Context, port string) error {
		_, err := (&Engine{endpoint: "http://127.0.0.1:" + port}).query(ctx, "select 1")
		return err
	})
	return &Engine{endpoint: "http://127.0.0.1:" + port}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
