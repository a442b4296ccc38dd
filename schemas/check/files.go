package check

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// schemaOf names the JSON Schema of each kind of file, the kind being what stands between the name and .yaml.
var schemaOf = map[string]string{"": "dataset.schema.json", "metrics": "metrics.schema.json", "dashboard": "dashboard.schema.json"}

// Files loads the schema files under fsys as schemas.Load does, then holds every file against the JSON Schema that
// editors use and compiles every rule. The error is *schemas.Faults.
func Files(fsys fs.FS) error {
	registry, err := schemas.Load(fsys)
	if err != nil {
		return err
	}
	return Registry(registry, fsys)
}

// Registry is Files for what is already loaded from fsys.
func Registry(registry *schemas.Registry, fsys fs.FS) error {
	compiled, err := jsonSchemas()
	if err != nil {
		return err
	}
	var all []schemas.Fault
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		_, kind, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".yaml"), ".")
		if s, ok := compiled[kind]; ok && strings.Count(name, "/") < 2 {
			all = append(all, validate(s, fsys, name)...)
		}
		return nil
	})
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the schema folder cannot be read")
	}
	for _, d := range registry.Datasets() {
		all = append(all, ruleFaults(d)...)
	}
	if len(all) == 0 {
		return nil
	}
	return &schemas.Faults{All: all}
}

func ruleFaults(d *schemas.Dataset) []schemas.Fault {
	_, err := Compile(d)
	if err == nil {
		return nil
	}
	bad := &fault.Error{}
	if !errors.As(err, &bad) || len(bad.Fields) == 0 {
		return []schemas.Fault{{File: d.File, Message: err.Error()}}
	}
	var out []schemas.Fault
	for _, f := range bad.Fields {
		out = append(out, schemas.Fault{File: d.File, Line: f.Line, Column: f.Column, Field: f.Name, Message: f.Message})
	}
	return out
}

// jsonSchemas compiles the JSON Schema of each kind of file.
func jsonSchemas() (map[string]*jsonschema.Schema, error) {
	out := map[string]*jsonschema.Schema{}
	for kind, name := range schemaOf {
		text, err := fs.ReadFile(schemas.Embedded(), name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(name, doc); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if out[kind], err = c.Compile(name); err != nil {
			return nil, fmt.Errorf("compile %s: %w", name, err)
		}
	}
	return out, nil
}

func validate(s *jsonschema.Schema, fsys fs.FS, name string) []schemas.Fault {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return []schemas.Fault{{File: name, Message: err.Error()}}
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return []schemas.Fault{{File: name, Message: "cannot be read as YAML: " + err.Error()}}
	}
	bad := &jsonschema.ValidationError{}
	if err := s.Validate(doc); !errors.As(err, &bad) {
		return nil
	}
	var out []schemas.Fault
	for _, unit := range bad.BasicOutput().Errors {
		if unit.Error != nil {
			where := strings.ReplaceAll(strings.TrimPrefix(unit.InstanceLocation, "/"), "/", ".")
			out = append(out, schemas.Fault{File: name, Field: where, Message: unit.Error.String()})
		}
	}
	return out
}
