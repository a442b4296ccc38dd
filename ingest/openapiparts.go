package ingest

import ()

func problemSchema() object {
	text := object{"type": "string"}
	return object{
		"type": "object", "description": "Why a request was not carried out (RFC 9457).",
		"required": []string{"type", "title", "status", "detail", "kind"},
		"properties": object{
			"type": text, "title": text, "detail": text,
			"status": object{"type": "integer", "minimum": 400, "maximum": 599},
			"kind": object{"type": "string", "enum": []string{
				"internal", "invalid", "not-found", "conflict", "denied", "unauthorized", "exceeded", "transient", "full", "read-only",
			}},
			"fields": object{
				"type": "array", "description": "Every bad field, not only the first.",
				"items": object{
					"type": "object", "required": []string{"field", "message"}, "additionalProperties": false,
					"properties": object{"field": text, "message": text},
				},
			},
		},
		"additionalProperties": false,
		"examples": []object{{
			"type": "about:blank", "title": "Bad Request", "status": 400, "kind": "invalid", "detail": "the record of passes is not valid",
			"fields": []object{{"field": "district", "message": "is required"}},
		}},
	}
}

// answers describes the good answer and the problems.
func answers(status, description string, schema, headers object, problems ...string) object {
	good := object{"description": description}
	if schema != nil {
		good["content"] = object{"application/json": object{"schema": schema}}
	}
	if headers != nil {
		good["headers"] = headers
	}
	out := object{status: good}
	for _, code := range problems {
		if code == "304" {
			out[code] = object{"description": "The copy is current."}
			continue
		}
		out[code] = object{"description": problemTitles[code], "content": object{"application/problem+json": object{"schema": ref("Problem")}}}
	}
	return out
}

// problemTitles says when each problem is answered.
var problemTitles = map[string]string{
	"400": "The request or some of its fields are not valid.", "401": "Nobody is signed in.", "403": "The viewer may not do this.",
	"404": "No such record.", "406": "Answers are JSON.", "409": "The record exists, or is not in a state for this.",
	"412": "The record has another version than If-Match wants.", "413": "The body or the record is too long.",
	"415": "The body is not JSON.", "422": "The idempotency key belongs to another body.", "500": "Something went wrong on our side.",
	"503": "Try again later.", "507": "The disk is full.",
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func body(schema object, types ...string) object {
	content := object{}
	for _, t := range types {
		content[t] = object{"schema": schema}
	}
	return object{"required": true, "content": content}
}

func header(name, description string) []object {
	return []object{{"name": name, "in": "header", "schema": object{"type": "string"}, "description": description}}
}

func matchHeader() []object {
	return header("If-Match", "The ETag of the record as it was read; 412 where it has changed since. Without it, any version.")
}
