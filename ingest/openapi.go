package ingest

import (
	"encoding/json"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// object is a JSON object under construction. encoding/json sorts its names, so equal registries give equal bytes.
type object = map[string]any

// OpenAPI returns the description of Handler's API over the registry, an OpenAPI 3.1 document in JSON.
func OpenAPI(registry *schemas.Registry) ([]byte, error) {
	paths, components := object{}, object{"Problem": problemSchema()}
	var tags []object
	for _, ds := range registry.Datasets() {
		if ds.Key.IsZero() || ds.Table == "" {
			continue
		}
		p, err := newPlan(ds, registry)
		if err != nil {
			return nil, err
		}
		tags = append(tags, object{"name": ds.Name, "description": ds.Description})
		p.components(components)
		p.paths(paths)
	}
	paths["/v1/openapi.json"] = object{"get": object{
		"operationId": "describe", "summary": "This document", "security": []object{},
		"responses": answers("200", "The document.", object{"type": "object"}, nil, "406"),
	}}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Tarn", "version": "1",
			"description": "Records of every dataset. Numbers are exact: they are kept digit by digit. Times are UTC, to the millisecond.",
		},
		"servers":  []object{{"url": "/"}},
		"tags":     tags,
		"security": []object{{"bearer": []string{}}, {"session": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": components,
			"securitySchemes": object{
				"bearer":  object{"type": "http", "scheme": "bearer"},
				"session": object{"type": "apiKey", "in": "cookie", "name": "tarn_session"},
			},
		},
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the API cannot be described")
	}
	return out, nil
}

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

// paths adds the dataset's paths.
func (p *plan) paths(paths object) {
	base := "/v1/datasets/" + p.Name + "/records"
	paths[base] = object{"get": p.listOperation(), "post": p.createOperation()}
	one, params := base, []object{}
	for _, name := range []string{p.Key.Partition, p.Key.Sort} {
		if name == "" {
			continue
		}
		one += "/{" + name + "}"
		params = append(params, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}, "description": "Key field."})
	}
	record := ref(p.Name)
	paths[one] = object{
		"parameters": params,
		"get": p.operation("read", "Read one record", "200", record, nil,
			header("If-None-Match", "The ETag of a copy; 304 where it is current."), "304", "404"),
		"put": p.operation("replace", "Replace a record's fields", "200", record,
			body(ref(p.Name+".replace"), "application/json"), matchHeader(), "404", "409", "412", "413", "415"),
		"patch": p.operation("patch", "Change some fields (JSON merge patch)", "200", record,
			body(ref(p.Name+".patch"), "application/merge-patch+json", "application/json"), matchHeader(), "404", "409", "412", "413", "415"),
		"delete": p.operation("delete", "Delete a record", "204", nil, nil, matchHeader(), "404", "412"),
	}
	if p.Lifecycle == nil {
		return
	}
	for _, t := range p.Lifecycle.Transitions {
		op := p.operation(t.Name, "Take a record from "+strings.Join(t.From, " or ")+" to "+t.To, "200", record, nil, matchHeader(), "404", "409", "412", "413")
		op["x-roles"] = t.Roles
		paths[one+"/"+t.Name] = object{"parameters": params, "post": op}
	}
}

func (p *plan) createOperation() object {
	params := []object{}
	more := []string{"409", "413", "415"}
	if p.Idempotency != nil {
		more = append(more, "422")
		params = append(params, object{
			"name": p.Idempotency.Header, "in": "header", "schema": object{"type": "string", "minLength": 1, "maxLength": maxIdempotencyKey},
			"description": "A key of the client's own. The same key with the same body gets the first answer, with another body 422.",
		})
	}
	op := p.operation("create", "Create a record", "201", ref(p.Name), body(ref(p.Name+".create"), "application/json"), params, more...)
	headers := op["responses"].(object)["201"].(object)["headers"].(object)
	headers["Location"] = object{"required": true, "schema": object{"type": "string"}, "description": "The record's path."}
	return op
}

func (p *plan) listOperation() object {
	query := func(name, description string, schema object) object {
		return object{"name": name, "in": "query", "description": description, "schema": schema}
	}
	params := []object{
		query("limit", "Records on a page at most.", object{"type": "integer", "minimum": 1, "maximum": maxPage, "default": usualPage}),
		query("cursor", "The next of an earlier page of the same listing.", object{"type": "string"}),
		query("partition", "Only the records whose partition field has this value.", object{"type": "string", "minLength": 1}),
		query("order", "By the sort field; needs a partition to be desc.", object{"type": "string", "enum": []string{"asc", "desc"}, "default": "asc"}),
	}
	if len(p.Indexes) > 0 {
		var names []string
		for _, i := range p.Indexes {
			names = append(names, i.Name)
		}
		params = append(params, query("index", "The index whose partition is meant.", object{"type": "string", "enum": names}))
	}
	op := p.operation("list", "List records", "200", ref(p.Name+".list"), nil, params)
	delete(op["responses"].(object)["200"].(object), "headers")
	return op
}

// operation describes one method of one path.
func (p *plan) operation(verb, summary, status string, answer, request object, params []object, more ...string) object {
	headers := object{}
	if p.Version != "" && answer != nil {
		headers["ETag"] = object{"schema": object{"type": "string"}, "description": "The record's version."}
	}
	op := object{
		"operationId": p.Name + "." + verb, "summary": summary, "tags": []string{p.Name},
		"responses": answers(status, summary+".", answer, headers, append(more, "400", "401", "403", "404", "406", "500", "503", "507")...),
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if request != nil {
		op["requestBody"] = request
	}
	return op
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
