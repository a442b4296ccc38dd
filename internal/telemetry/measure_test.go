package telemetry_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

type plain struct{}

func (plain) Attrs() (string, []slog.Attr) { return "plain", nil }

type counted struct {
	plain
	of telemetry.Of
}

func (c counted) Measures() (telemetry.Of, []telemetry.Measure) {
	return c.of, []telemetry.Measure{telemetry.Number("Rows", 3), telemetry.Millis("Elapsed", 1500*time.Microsecond), {Name: "Size", Unit: telemetry.Bytes, Value: 9}}
}

func TestEMF(t *testing.T) {
	t.Parallel()
	const metrics = `"Metrics":[{"Name":"Rows","Unit":"Count"},{"Name":"Elapsed","Unit":"Milliseconds"},{"Name":"Size","Unit":"Bytes"}]}]}`
	const rest = `"msg":"plain"}` + "\n"
	for _, c := range []struct {
		name, environment string
		event             telemetry.Event
		want              string
	}{
		{"nothing measured", "prod", plain{}, ""},
		{"of the whole", "", counted{}, `{"Elapsed":1.5,"Rows":3,"Size":9,"_aws":{"Timestamp":1000,"CloudWatchMetrics":[{"Namespace":"Tarn","Dimensions":[[]],` + metrics + `,` + rest},
		{"of a table", "", counted{of: telemetry.Of{Name: "Table", Value: "t"}},
			`{"Elapsed":1.5,"Rows":3,"Size":9,"Table":"t","_aws":{"Timestamp":1000,"CloudWatchMetrics":[{"Namespace":"Tarn","Dimensions":[["Table"]],` + metrics + `,` + rest},
		{"in an environment", "prod", counted{of: telemetry.Of{Name: "Table", Value: "t"}},
			`{"Elapsed":1.5,"Environment":"prod","Rows":3,"Size":9,"Table":"t","_aws":{"Timestamp":1000,"CloudWatchMetrics":[{"Namespace":"Tarn","Dimensions":[["Environment","Table"]],` + metrics + `,` + rest},
	} {
		var out bytes.Buffer
		emf := telemetry.NewEMF(&out, "Tarn", c.environment)
		emf.Now = func() time.Time { return time.UnixMilli(1000) }
		emf.Observe(c.event)
		if got := out.String(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}
