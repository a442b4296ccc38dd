package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// attributes returns an item as the SDK wants it.
func attributes(item record.Item) map[string]types.AttributeValue {
	if item == nil {
		return nil
	}
	all := make(map[string]types.AttributeValue, len(item))
	for name, v := range item {
		all[name] = attribute(v)
	}
	return all
}

func attribute(v record.Value) types.AttributeValue {
	switch v.Kind {
	case record.S:
		return &types.AttributeValueMemberS{Value: v.Text}
	case record.N:
		return &types.AttributeValueMemberN{Value: v.Text}
	case record.B:
		return &types.AttributeValueMemberB{Value: v.Bytes}
	case record.BOOL:
		return &types.AttributeValueMemberBOOL{Value: v.Bool}
	case record.NULL:
		return &types.AttributeValueMemberNULL{Value: true}
	case record.M:
		return &types.AttributeValueMemberM{Value: attributes(v.Map)}
	case record.L:
		list := make([]types.AttributeValue, len(v.List))
		for i, e := range v.List {
			list[i] = attribute(e)
		}
		return &types.AttributeValueMemberL{Value: list}
	case record.SS:
		return &types.AttributeValueMemberSS{Value: v.Set}
	case record.NS:
		return &types.AttributeValueMemberNS{Value: v.Set}
	case record.BS:
		set := make([][]byte, len(v.Set))
		for i, e := range v.Set {
			set[i] = []byte(e)
		}
		return &types.AttributeValueMemberBS{Value: set}
	}
	panic("no value to store")
}

// item is the inverse of attributes.
func item(all map[string]types.AttributeValue) (record.Item, error) {
	if all == nil {
		return nil, nil //nolint:nilnil // no item is an answer of its own: the end of a page, or nothing found
	}
	it := make(record.Item, len(all))
	for name, a := range all {
		v, err := value(a)
		if err != nil {
			return nil, err
		}
		it[name] = v
	}
	return it, nil
}

func items(all []map[string]types.AttributeValue) ([]record.Item, error) {
	list := make([]record.Item, len(all))
	for i, a := range all {
		it, err := item(a)
		if err != nil {
			return nil, err
		}
		list[i] = it
	}
	return list, nil
}

// value is the inverse of attribute.
func value(a types.AttributeValue) (v record.Value, err error) {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		return record.String(a.Value), nil
	case *types.AttributeValueMemberN:
		v.Kind = record.N
		v.Text, err = number(a.Value)
	case *types.AttributeValueMemberB:
		return record.Value{Kind: record.B, Bytes: a.Value}, nil
	case *types.AttributeValueMemberBOOL:
		return record.Bool(a.Value), nil
	case *types.AttributeValueMemberNULL:
		return record.Null(), nil
	case *types.AttributeValueMemberM:
		v.Kind = record.M
		v.Map, err = item(a.Value)
	case *types.AttributeValueMemberL:
		v.Kind, v.List = record.L, make([]record.Value, len(a.Value))
		for i, e := range a.Value {
			if v.List[i], err = value(e); err != nil {
				return v, err
			}
		}
	case *types.AttributeValueMemberSS:
		return record.Value{Kind: record.SS, Set: a.Value}, nil
	case *types.AttributeValueMemberNS:
		v.Kind, v.Set = record.NS, make([]string, len(a.Value))
		for i, e := range a.Value {
			if v.Set[i], err = number(e); err != nil {
				return v, err
			}
		}
	case *types.AttributeValueMemberBS:
		v.Kind, v.Set = record.BS, make([]string, len(a.Value))
		for i, e := range a.Value {
			v.Set[i] = string(e)
		}
	default:
		return v, fault.New(fault.Internal, "DynamoDB answered a value of a kind that this program does not know (%T)", a)
	}
	return v, err
}

// plainNumber is the length up to which a number's text is left as DynamoDB writes it.
const plainNumber = 16

// number returns a number in our own form: what DynamoDB spells out in a hundred digits has an exponent.
func number(text string) (string, error) {
	if len(text) <= plainNumber {
		return text, nil
	}
	d, err := record.ParseDecimal(text)
	if err != nil {
		return "", err
	}
	return d.Text(), nil
}
