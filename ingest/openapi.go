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
