package check_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

func TestEmbeddedFilesAreValid(t *testing.T) {
	t.Parallel()
	if err := check.Files(schemas.Embedded()); err != nil {
		t.Error(err)
	}
}

func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"../../examples/flights", "../testdata/small"} {
		if err := check.Files(os.DirFS(dir)); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestFilesReportsRulesWithTheirLine(t *testing.T) {
	t.Parallel()
	err := check.Files(fstest.MapFS{"shop/orders.yaml": {Data: []byte(`fields:
  - {name: id, type: string}
  - {name: total, type: int64}
region: {from: constant, value: all}
date: {from: change}
rules:
  - {name: a, then: totl > 0, field: total, message: must be more than 0}
  - {name: b, then: total + 1, field: total, message: must be more than 0}
  - {name: c, then: 'lookup("towns", id, "name") != ""', field: id, message: unknown}
  - {name: d, when: id > 5, then: total > 0, field: id, message: unknown}
`)}})
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{
		"shop/orders.yaml:7:1: rules.a.then: character 1: undeclared reference to 'totl'",
		"shop/orders.yaml:8:1: rules.b.then: gives a int; a condition gives true or false",
		`shop/orders.yaml:9:1: rules.c.then: there is no code list "towns"; add codes/towns.csv`,
		"shop/orders.yaml:10:1: rules.d.when: character 4: found no matching overload",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}
