package integration

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
)

// DynamoDB starts DynamoDB Local with Streams, empty and in memory, and returns its endpoint. Tables are apart by region
// and access key; the sequence counter and transaction tokens are shared, so names and tokens must be unique.
func DynamoDB(t testing.TB) string {
	t.Helper()
	folder := installed(t, "dynamodb-local", version(t, "DYNAMODB_LOCAL"))
	lib := filepath.Join(folder, "lib")
	port := run(t, "dynamodb-local", func(port string) *exec.Cmd {
		cmd := exec.CommandContext(context.Background(), "java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"-Dsqlite4java.library.path="+lib, "-cp", filepath.Join(lib, "*"),
			"com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-port", port, "-disableTelemetry")
		cmd.Dir, cmd.Env = t.TempDir(), []string{"DDB_LOCAL_TELEMETRY=0"}
		return cmd
	}, answers("/", 400)) // a request without a signature
	return "http://127.0.0.1:" + port
}
