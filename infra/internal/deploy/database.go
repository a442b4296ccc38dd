package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// database is the tables of the records.
type database struct {
	stack  awscdk.Stack
	tables map[string]awsdynamodb.Table // by the schemas' name
}

func newDatabase(s *site, base *configuration) *database {
	d := &database{stack: s.stack("database", "the tables of the records, with their streams"), tables: map[string]awsdynamodb.Table{}}
	for i := range s.data.Tables {
		t := &s.data.Tables[i]
		d.tables[t.Name] = d.table(s, base, t)
	}
	awscdk.NewCfnOutput(d.stack, jsii.String("Tables"), &awscdk.CfnOutputProps{Value: jsii.String(d.deployed().String()), Description: jsii.String("TARN_TABLES of tools")})
	return d
}

func (d *database) table(s *site, base *configuration, t *Table) awsdynamodb.Table {
	props := &awsdynamodb.TableProps{
		PartitionKey: attribute(t.Key.Partition, t.Key.PartitionKind), SortKey: attribute(t.Key.Sort, t.Key.SortKind),
		BillingMode: awsdynamodb.BillingMode_PAY_PER_REQUEST, DeletionProtection: jsii.Bool(s.env.Keep), RemovalPolicy: s.removal(),
		Encryption: awsdynamodb.TableEncryption_CUSTOMER_MANAGED, EncryptionKey: base.key,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
	}
	if t.Stream != "" {
		props.Stream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	if t.TTL != "" {
		props.TimeToLiveAttribute = jsii.String(t.TTL)
	}
	table := awsdynamodb.NewTable(d.stack, jsii.String(construct(t.Name)), props)
	for _, i := range t.Indexes {
		table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName: jsii.String(i.Name), ProjectionType: awsdynamodb.ProjectionType_ALL,
			PartitionKey: attribute(i.Key.Partition, i.Key.PartitionKind), SortKey: attribute(i.Key.Sort, i.Key.SortKind),
		})
	}
	return table
}

// attribute is a key attribute; nil where there is none.
func attribute(name string, kind Kind) *awsdynamodb.Attribute {
	if name == "" {
		return nil
	}
	kinds := map[Kind]awsdynamodb.AttributeType{Text: awsdynamodb.AttributeType_STRING, Number: awsdynamodb.AttributeType_NUMBER, Bytes: awsdynamodb.AttributeType_BINARY}
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: kinds[kind]}
}

// construct turns a name with any separators into one for a construct: movement-pass_passes_v1 is MovementPassPassesV1.
func construct(name string) string {
	var out []byte
	upper := true
	for _, c := range []byte(name) {
		switch {
		case c == '-' || c == '_' || c == '.':
			upper = true
			continue
		case upper && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		out = append(out, c)
	}
	return string(out)
}

// deployed returns the deployed name of every table.
func (d *database) deployed() config.Names {
	names := config.Names{}
	for name, t := range d.tables {
		names[name] = *t.TableName()
	}
	return names
}

// streamed returns the deployed name of every table that has a stream.
func (d *database) streamed(s *site) config.Names {
	names := config.Names{}
	for _, t := range s.data.Tables {
		if t.Stream != "" {
			names[t.Name] = *d.tables[t.Name].TableName()
		}
	}
	return names
}
