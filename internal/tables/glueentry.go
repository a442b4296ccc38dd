package tables

import (
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// describe returns a table's entry in Glue. Engines read the metadata that it names; the columns are for people who look
// at Glue, and for Athena's list of them. What somebody else said of the table stays.
func describe(name string, v version, before *types.Table) *types.TableInput {
	in := &types.TableInput{
		Name: &name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: parameters(v, before),
		StorageDescriptor: &types.StorageDescriptor{Location: aws.String(v.meta.Location()), Columns: columns(v.meta.CurrentSchema())},
	}
	if before != nil {
		in.Description, in.Owner, in.Retention = before.Description, before.Owner, before.Retention
	}
	return in
}

func columns(schema *iceberg.Schema) []types.Column {
	var all []types.Column
	for _, f := range schema.Fields() {
		all = append(all, types.Column{Name: aws.String(f.Name), Type: aws.String(hive(f.Type)), Parameters: map[string]string{
			"iceberg.field.id": strconv.Itoa(f.ID), "iceberg.field.optional": strconv.FormatBool(!f.Required), "iceberg.field.current": "true",
		}})
	}
	return all
}

// hive returns the name that Glue has for a type.
func hive(t iceberg.Type) string {
	switch t := t.(type) {
	case *iceberg.ListType:
		return "array<" + hive(t.Element) + ">"
	case *iceberg.MapType:
		return "map<" + hive(t.KeyType) + "," + hive(t.ValueType) + ">"
	case *iceberg.StructType:
		members := make([]string, len(t.FieldList))
		for i, f := range t.FieldList {
			members[i] = f.Name + ":" + hive(f.Type)
		}
		return "struct<" + strings.Join(members, ",") + ">"
	case iceberg.DecimalType:
		return "decimal(" + strconv.Itoa(t.Precision()) + "," + strconv.Itoa(t.Scale()) + ")"
	}
	switch {
	case t.Equals(iceberg.PrimitiveTypes.Int64):
		return "bigint"
	case t.Equals(iceberg.PrimitiveTypes.TimestampTz):
		return "timestamp"
	}
	return t.Type() // the other names are the same in both
}
