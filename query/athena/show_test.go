package athena_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/enginetest"
)

// catalog is a Glue with one table, or none.
type catalog struct {
	table *types.Table
	asked []string
}

func (c *catalog) GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	if c.table == nil {
		return nil, &types.EntityNotFoundException{}
	}
	return &glue.GetTableOutput{Table: c.table}, nil
}

func (c *catalog) CreateTable(_ context.Context, in *glue.CreateTableInput, _ ...func(*glue.Options)) (*glue.CreateTableOutput, error) {
	c.asked = append(c.asked, "create "+*in.DatabaseName+"."+*in.TableInput.Name)
	c.table = &types.Table{Name: in.TableInput.Name, TableType: in.TableInput.TableType, ViewOriginalText: in.TableInput.ViewOriginalText, VersionId: aws.String("0")}
	return &glue.CreateTableOutput{}, nil
}

func (c *catalog) UpdateTable(_ context.Context, in *glue.UpdateTableInput, _ ...func(*glue.Options)) (*glue.UpdateTableOutput, error) {
	c.asked = append(c.asked, "update of version "+*in.VersionId)
	if *in.VersionId != *c.table.VersionId {
		return nil, &types.ConcurrentModificationException{}
	}
	c.table.ViewOriginalText = in.TableInput.ViewOriginalText
	return &glue.UpdateTableOutput{}, nil
}

// A view is made once, changed when the base has moved on, left alone otherwise, and never in the place of a table.
func TestShow(t *testing.T) {
	t.Parallel()
	reg := enginetest.ShopRegistry(t)
	d, _ := reg.Dataset("orders")
	c := &catalog{}
	for _, step := range []struct {
		through int64
		want    bool
	}{{-1, true}, {-1, false}, {3, true}, {3, false}} {
		view, err := athena.View(d, reg, "AwsDataCatalog", "tarn", step.through)
		if err != nil {
			t.Fatal(err)
		}
		if changed, err := athena.Show(t.Context(), c, "tarn", view); err != nil || changed != step.want {
			t.Errorf("through %d: changed %v, %v", step.through, changed, err)
		}
	}
	if got, want := strings.Join(c.asked, ", "), "create tarn.orders, update of version 0"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	c.table.TableType = aws.String("EXTERNAL_TABLE")
	view, err := athena.View(d, reg, "AwsDataCatalog", "tarn", 4)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := athena.Show(t.Context(), c, "tarn", view); !fault.Is(err, fault.Conflict) || changed {
		t.Errorf("in the place of a table: %v, %v", changed, err)
	}
}
