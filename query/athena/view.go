package athena

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	glue "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// View returns the entry of Glue that shows a dataset's records to everybody's questions at Athena, under the dataset's
// name. Catalog and through are as in Options and plan.Shared.
func View(d *schemas.Dataset, registry *schemas.Registry, catalog, database string, through int64) (*glue.TableInput, error) {
	columns := d.StateColumns()
	if d.Key.IsZero() {
		columns = append(d.ChangeColumns(), schemas.Column{Name: plan.ChangeID, Type: schemas.String})
	}
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	described := struct {
		SQL     string   `json:"originalSql"`
		Catalog string   `json:"catalog"`
		Schema  string   `json:"schema"`
		Columns []column `json:"columns"`
		Invoker bool     `json:"runAsInvoker"`
	}{plan.Shared(d, registry, database, through), catalogOf(catalog), database, nil, true}
	var shown []glue.Column
	for _, c := range columns {
		name := strings.ToLower(c.Name)
		described.Columns = append(described.Columns, column{name, typeSQL(c)})
		shown = append(shown, glue.Column{Name: aws.String(name), Type: aws.String(typeHive(c))})
	}
	text, err := json.Marshal(described)
	if err != nil {
		return nil, fmt.Errorf("describe the view %s: %w", d.Name, err)
	}
	return &glue.TableInput{
		Name: aws.String(d.Name), TableType: aws.String("VIRTUAL_VIEW"), Description: aws.String(d.Description),
		Parameters:       map[string]string{"presto_view": "true", "comment": "Presto View"},
		ViewOriginalText: aws.String("/* Presto View: " + base64.StdEncoding.EncodeToString(text) + " */"), ViewExpandedText: aws.String("/* Presto View */"),
		StorageDescriptor: &glue.StorageDescriptor{Columns: shown, SerdeInfo: &glue.SerDeInfo{}, Location: aws.String("")},
	}, nil
}

// typeHive is a column's type as Glue writes it.
func typeHive(c schemas.Column) string {
	switch c.Type {
	case schemas.Int32:
		return "int"
	case schemas.Int64:
		return "bigint"
	case schemas.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale)
	case schemas.Boolean:
		return "boolean"
	case schemas.Day:
		return "date"
	case schemas.Timestamp:
		return "timestamp"
	case schemas.Binary:
		return "binary"
	case schemas.List, schemas.Set:
		return "array<" + typeHive(*c.Elem) + ">"
	case schemas.Map:
		return "map<" + typeHive(*c.Key) + "," + typeHive(*c.Elem) + ">"
	case schemas.Object:
		var members []string
		for _, f := range c.Fields {
			members = append(members, strings.ToLower(f.Name)+":"+typeHive(f))
		}
		return "struct<" + strings.Join(members, ",") + ">"
	}
	return "string"
}
