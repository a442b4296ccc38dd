package load

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
)

// detect tells a file's format from its name, and DynamoDB JSON from plain JSON by its first line.
func detect(file string) (string, error) {
	switch ext := path.Ext(strings.TrimSuffix(strings.ToLower(file), ".gz")); ext {
	case ".csv":
		return "csv", nil
	case ".parquet":
		return "parquet", nil
	case ".json", ".jsonl", ".ndjson":
		return detectJSON(file)
	default:
		return "", fault.New(fault.Invalid, "the format of %s cannot be told from its name: say --format csv, jsonl, dynamodb or parquet", file)
	}
}

const firstBytes = 1 << 20

func detectJSON(file string) (string, error) {
	in, closer, err := openText(file)
	if err != nil {
		return "", err
	}
	defer closer.Close()
	head, err := io.ReadAll(io.LimitReader(in, firstBytes))
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%s cannot be read", file)
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	dec := jsontext.NewDecoder(bytes.NewReader(line))
	if v, err := readValue(dec, 0); err == nil && len(v.Map) > 0 {
		if item, ok := v.Map["Item"]; ok && len(v.Map) == 1 {
			v = item
		}
		for _, member := range v.Map {
			if len(member.Map) != 1 {
				return "jsonl", nil
			}
			for tag := range member.Map {
				if !tags[tag] {
					return "jsonl", nil
				}
			}
		}
		return "dynamodb", nil
	}
	return "jsonl", nil
}

var tags = map[string]bool{"S": true, "N": true, "B": true, "BOOL": true, "NULL": true, "M": true, "L": true, "SS": true, "NS": true, "BS": true}
