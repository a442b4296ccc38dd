package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// What a service answers is a kind, and the message says what to do.
func TestAnswersHaveKinds(t *testing.T) {
	t.Parallel()
	rows := []struct {
		code   string
		status int
		want   fault.Kind
		says   string
		tries  int32
	}{
		{"AccessDeniedException", 400, fault.ReadOnly, "give the credentials in use the right", 1},
		{"UnrecognizedClientException", 400, fault.ReadOnly, "check AWS_ACCESS_KEY_ID", 1},
		{"InvalidSignatureException", 403, fault.ReadOnly, "check AWS_ACCESS_KEY_ID", 1},
		{"ExpiredTokenException", 400, fault.Transient, "have expired", 1},
		{"ThrottlingException", 400, fault.Transient, "slow down", 3},
		{"InternalServiceException", 500, fault.Transient, "fault of its own", 3},
		{"NobodyKnowsThis", 503, fault.Transient, "fault of its own", 3},
		{"NobodyKnowsThis", 403, fault.ReadOnly, "give the credentials in use the right", 1},
		{"NobodyKnowsThis", 400, fault.Internal, "NobodyKnowsThis", 1},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.code, row.status), func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				w.WriteHeader(row.status)
				fmt.Fprintf(w, `{"__type":%q,"Message":"no"}`, row.code)
			}))
			t.Cleanup(server.Close)
			c, err := cloud.Load(t.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: server.URL, Key: "k", Secret: "s", Attempts: 3})
			if err != nil {
				t.Fatal(err)
			}
			_, err = glue.NewFromConfig(c).GetDatabases(t.Context(), &glue.GetDatabasesInput{})
			err = cloud.Kind(err, "look")
			if fault.Of(err) != row.want || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %s: %v, want %s that says %q", fault.Of(err), err, row.want, row.says)
			}
			if got := tries.Load(); got != row.tries {
				t.Errorf("%d tries, want %d", got, row.tries)
			}
		})
	}
}

func TestUnreachableIsTransient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: server.URL, Key: "k", Secret: "s", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = glue.NewFromConfig(c).GetDatabases(t.Context(), &glue.GetDatabasesInput{})
	if err = cloud.Kind(err, "look"); !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "check the endpoint") {
		t.Errorf("got %v", err)
	}
}

func TestKindKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	for _, err := range []error{fault.New(fault.Conflict, "taken"), context.Canceled, &fs.PathError{Op: "read", Path: "k", Err: syscall.EIO}} {
		if got := cloud.Kind(err, "do"); fault.Of(got) != fault.Of(err) || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
	if cloud.Kind(nil, "do") != nil {
		t.Error("nothing became an error")
	}
}

// Not parallel: the environment is the process's.
func TestMissingSettingsAreNamed(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if _, err := cloud.Load(t.Context(), cloud.Settings{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("without a region: %v", err)
	}
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = glue.NewFromConfig(c).GetDatabases(t.Context(), &glue.GetDatabasesInput{})
	if err = cloud.Kind(err, "look"); !fault.Is(err, fault.ReadOnly) || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: %v", err)
	}
}
