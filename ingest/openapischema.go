package ingest

import (
	"strconv"

	"github.com/tarn-lake/tarn/schemas"
)

// components adds the schemas of a record as it is answered and as each request sends it.
func (p *plan) components(to object) {
	example := p.example()
	sent := object{}
	record := object{"type": "object", "properties": object{}, "additionalProperties": false, "example": example}
	create := object{"type": "object", "properties": object{}, "additionalProperties": false, "example": sent}
	replace := object{"type": "object", "properties": object{}, "additionalProperties": false, "example": example}
	patch := object{"type": "object", "properties": object{}, "additionalProperties": false}
	var always, wanted, kept []string
	for _, f := range p.shape.fields {
		server := p.serverSet[f.Name]
		record["properties"].(object)[f.Name] = f.schema(server)
		patch["properties"].(object)[f.Name] = nullable(partial(f.schema(server)))
		needed := f.Required || p.isKey(f.Name)
		if needed {
			always = append(always, f.Name)
		}
		if !server {
			sent[f.Name] = example[f.Name]
			create["properties"].(object)[f.Name] = optional(f.schema(false), needed)
			if needed {
				wanted = append(wanted, f.Name)
			}
			if needed && !p.isKey(f.Name) {
				kept = append(kept, f.Name)
			}
		}
		replace["properties"].(object)[f.Name] = optional(f.schema(server), needed)
	}
	record["required"], create["required"], replace["required"] = listOf(always), listOf(wanted), listOf(kept)
	to[p.Name], to[p.Name+".create"], to[p.Name+".replace"], to[p.Name+".patch"] = record, create, replace, patch
	to[p.Name+".list"] = object{
		"type": "object", "required": []string{"records"}, "additionalProperties": false,
		"properties": object{
			"records": object{"type": "array", "items": ref(p.Name)},
			"next":    object{"type": "string", "description": "The cursor of the next page; absent on the last."},
		},
	}
}

func listOf(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func optional(schema object, needed bool) object {
	if needed {
		return schema
	}
	return nullable(schema)
}

// nullable lets a schema take null as well.
func nullable(schema object) object {
	schema["type"] = []string{schema["type"].(string), "null"}
	if codes, ok := schema["enum"].([]any); ok {
		schema["enum"] = append(codes, nil)
	}
	return schema
}

// partial lets the objects of a merge patch have any of their members.
func partial(schema object) object {
	members, ok := schema["properties"].(object)
	if !ok {
		return schema
	}
	delete(schema, "required")
	for name, m := range members {
		if one := partial(m.(object)); isText(one["type"]) {
			members[name] = nullable(one)
		}
	}
	return schema
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// schema returns the JSON Schema of the field's values.
func (f *field) schema(server bool) object {
	s := f.typed()
	if f.Description != "" {
		s["description"] = f.Description
	}
	if server {
		s["readOnly"] = true
	}
	if f.Default != nil {
		s["default"] = f.Default
	}
	if f.CodeList != "" && f.Type != schemas.Enum {
		s["x-codes"] = f.CodeList
	}
	return s
}

func (f *field) typed() object {
	switch f.Type {
	case schemas.Int32, schemas.Int64:
		return f.ranged(object{"type": "integer", "format": string(f.Type)})
	case schemas.Decimal:
		return f.ranged(object{"type": "number", "description": "At most " + strconv.Itoa(f.Precision) + " digits, " + strconv.Itoa(f.Scale) + " of them after the point."})
	case schemas.Boolean:
		return object{"type": "boolean"}
	case schemas.Day:
		return object{"type": "string", "format": "date"}
	case schemas.Timestamp:
		if f.Epoch() {
			return object{"type": "number", "description": "Time since 1970 in " + map[string]string{"epoch": "seconds", "epoch-ms": "milliseconds"}[f.Format] + "."}
		}
		return object{"type": "string", "format": "date-time"}
	case schemas.Binary:
		return object{"type": "string", "contentEncoding": "base64"}
	case schemas.List:
		return f.sized(object{"type": "array", "items": f.elem.schema(false)}, "Items")
	case schemas.Set:
		return f.sized(object{"type": "array", "uniqueItems": true, "items": f.elem.schema(false)}, "Items")
	case schemas.Map:
		return f.sized(object{"type": "object", "additionalProperties": nullable(f.elem.schema(false))}, "Properties")
	case schemas.Object:
		return f.members.schema()
	default:
		return f.text()
	}
}

func (f *field) text() object {
	if f.Type == schemas.Enum {
		codes := make([]any, len(f.Codes))
		for i, c := range f.Codes {
			codes[i] = c
		}
		return object{"type": "string", "enum": codes}
	}
	s := f.sized(object{"type": "string"}, "Length")
	if f.Required && f.MinLength == 0 {
		s["minLength"] = 1
	}
	if f.Pattern != "" {
		s["pattern"] = "^(?:" + f.Pattern + ")$"
	}
	if f.Format != "" {
		s["format"] = f.Format
	}
	return s
}

func (f *field) ranged(s object) object {
	if f.Min != nil {
		s["minimum"] = *f.Min
	}
	if f.Max != nil {
		s["maximum"] = *f.Max
	}
	return s
}

func (f *field) sized(s object, what string) object {
	if f.MinLength > 0 {
		s["min"+what] = f.MinLength
	}
	if f.MaxLength > 0 {
		s["max"+what] = f.MaxLength
	}
	return s
}

func (s *Shape) schema() object {
	properties, required := object{}, []string{}
	for _, f := range s.fields {
		properties[f.Name] = optional(f.schema(false), f.Required)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
