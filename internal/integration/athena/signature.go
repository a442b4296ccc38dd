package athena

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// signature is a type as Trino describes it.
type signature struct {
	Raw       string `json:"rawType"`
	Arguments []struct {
		Kind  string          `json:"kind"`
		Value json.RawMessage `json:"value"`
	} `json:"arguments"`
}

// number returns an argument that is a number, as a decimal's precision is.
func (s signature) number(i int) int {
	var n int
	if i < len(s.Arguments) {
		_ = json.Unmarshal(s.Arguments[i].Value, &n)
	}
	return n
}

// inner returns an argument that is a type, and its name where it is a member of a row.
func (s signature) inner(i int) (signature, string) {
	if i >= len(s.Arguments) {
		return signature{}, ""
	}
	if s.Arguments[i].Kind == "TYPE" {
		var t signature
		_ = json.Unmarshal(s.Arguments[i].Value, &t)
		return t, ""
	}
	var named struct {
		Field struct {
			Name string `json:"name"`
		} `json:"fieldName"`
		Type signature `json:"typeSignature"`
	}
	_ = json.Unmarshal(s.Arguments[i].Value, &named)
	return named.Type, named.Field.Name
}

// text writes a value as Athena does: texts as they are, lists as [a, b], maps and rows as {k=v}, bytes in pairs of
// hexadecimal digits, a null within as null.
func (s signature) text(v json.RawMessage) (string, error) {
	switch s.Raw {
	case "array":
		var items []json.RawMessage
		if err := json.Unmarshal(v, &items); err != nil {
			return "", err
		}
		of, _ := s.inner(0)
		return joined("[", "]", len(items), func(i int) (string, json.RawMessage, signature) { return "", items[i], of })
	case "map":
		var items map[string]json.RawMessage
		if err := json.Unmarshal(v, &items); err != nil {
			return "", err
		}
		of, _ := s.inner(1)
		keys := slices.Sorted(maps.Keys(items))
		return joined("{", "}", len(keys), func(i int) (string, json.RawMessage, signature) { return keys[i] + "=", items[keys[i]], of })
	case "row":
		var items []json.RawMessage
		if err := json.Unmarshal(v, &items); err != nil {
			return "", err
		}
		return joined("{", "}", len(items), func(i int) (string, json.RawMessage, signature) {
			of, name := s.inner(i)
			return name + "=", items[i], of
		})
	case "varbinary":
		var raw []byte
		if err := json.Unmarshal(v, &raw); err != nil {
			return "", err
		}
		return strings.TrimSpace(fmt.Sprintf("% x", raw)), nil
	}
	if len(v) > 0 && v[0] == '"' {
		var text string
		err := json.Unmarshal(v, &text)
		return text, err
	}
	return string(v), nil
}

func joined(open, end string, n int, item func(i int) (string, json.RawMessage, signature)) (string, error) {
	parts := make([]string, n)
	for i := range parts {
		name, value, of := item(i)
		text := "null"
		if string(value) != "null" {
			var err error
			if text, err = of.text(value); err != nil {
				return "", err
			}
		}
		parts[i] = name + text
	}
	return open + strings.Join(parts, ", ") + end, nil
}
