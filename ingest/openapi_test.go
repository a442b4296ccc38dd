package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/schemas"
)

var update = flag.Bool("update", false, "renew golden files")

func TestDescriptionIsValid(t *testing.T) {
	t.Parallel()
	for name, reg := range map[string]*schemas.Registry{"movement-pass": registry(t), "readings": readings()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := ingest.OpenAPI(reg)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := openapi3.NewLoader().LoadFromData(raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater(), openapi3.EnableExamplesValidation()); err != nil {
				t.Error(err)
			}
			for name, s := range doc.Components.Schemas {
				examples := s.Value.Examples
				if s.Value.Example != nil {
					examples = append(examples, s.Value.Example)
				}
				for _, e := range examples {
					if err := s.Value.VisitJSON(e, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
						t.Errorf("the example of %s: %v", name, err)
					}
				}
			}
			golden(t, name+".openapi.json", raw)
		})
	}
}

// golden compares with a file, indented so that a person can review its changes.
func golden(t *testing.T, name string, raw []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs from what is generated: run with -update and read the difference", file)
	}
}
