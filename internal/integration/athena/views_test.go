//go:build integration

package athena_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/enginetest"
)

// views shows base plus changes to anybody's question: made for the base that is there, for an older one, and for none,
// they hold the rows that the dashboard counts, by status.
func (w *world) views(t *testing.T) {
	reg := enginetest.PassesRegistry(t)
	w.publish(t, "shared", enginetest.Passes(t, enginetest.NewWriter(t), reg))
	d, _ := reg.Dataset("passes")
	database := "shared"
	// 900 applications, of which every 37th is gone; three of four were decided, every fifth of these rejected.
	applied, approved, rejected := 0, 0, 0
	for n := range 900 {
		switch {
		case n%37 == 0:
		case n%4 == 0:
			applied++
		case n%5 == 0:
			rejected++
		default:
			approved++
		}
	}
	want := fmt.Sprint([][]any{{"APPLIED", applied, applied}, {"APPROVED", approved, approved}, {"REJECTED", rejected, rejected}})
	for _, through := range []int64{3, 1, 0, -1} {
		input, err := athena.View(d, reg, "AwsDataCatalog", database, through)
		if err == nil && through == 3 {
			_, err = w.glue.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &database, TableInput: input})
		} else if err == nil {
			_, err = w.glue.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: &database, TableInput: input})
		}
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(w.trino.Query(t, "select status, count(*), count(distinct id) from awsdatacatalog.shared.passes group by 1 order by 1"))
		if got != want {
			t.Errorf("through %d: got %s, want %s", through, got, want)
		}
	}
}
