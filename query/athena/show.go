package athena

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Glue is what Show asks of the catalog.
type Glue interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	CreateTable(context.Context, *glue.CreateTableInput, ...func(*glue.Options)) (*glue.CreateTableOutput, error)
	UpdateTable(context.Context, *glue.UpdateTableInput, ...func(*glue.Options)) (*glue.UpdateTableOutput, error)
}

// Show puts a view into a database of the catalog, or what it says now into its place, and reports whether anything
// changed. A table of that name which is no view is not touched: Conflict. So is a view that somebody else changes
// meanwhile, whose next call finds it.
func Show(ctx context.Context, client Glue, database string, view *types.TableInput) (changed bool, err error) {
	doing := "show the view " + aws.ToString(view.Name) + " in Glue"
	there, err := client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: view.Name})
	var missing *types.EntityNotFoundException
	switch {
	case errors.As(err, &missing):
		_, err = client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &database, TableInput: view})
		return err == nil, cloud.Kind(err, doing)
	case err != nil:
		return false, cloud.Kind(err, doing)
	case aws.ToString(there.Table.TableType) != *view.TableType:
		return false, fault.New(fault.Conflict, "%s: the database has a table of that name, which is no view: rename it", doing)
	case aws.ToString(there.Table.ViewOriginalText) == *view.ViewOriginalText:
		return false, nil
	}
	_, err = client.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: &database, TableInput: view, VersionId: there.Table.VersionId, SkipArchive: aws.Bool(true)})
	return err == nil, cloud.Kind(err, doing)
}
