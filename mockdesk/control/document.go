package control

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"

	"deskcheck/fixtures/document"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openAPI []byte

// Document returns the OpenAPI document of the control API, as YAML.
func Document() []byte { return openAPI }

// DocumentJSON returns the same as JSON.
var DocumentJSON = sync.OnceValues(func() ([]byte, error) {
	var value any
	if err := yaml.Unmarshal(openAPI, &value); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	return json.MarshalIndent(value, "", "  ")
})

// definitions are the schemas of the document in the form of one JSON Schema, each with the words for what it expects.
var definitions = sync.OnceValues(func() (map[string]any, error) {
	raw, err := DocumentJSON()
	if err != nil {
		return nil, err
	}
	var doc struct {
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	local := strings.ReplaceAll(string(raw), "#/components/schemas/", "#/$defs/")
	if err := json.Unmarshal([]byte(local), &doc); err != nil {
		return nil, fmt.Errorf("read the schemas of the OpenAPI document: %w", err)
	}
	for _, schema := range doc.Components.Schemas {
		word(schema)
	}
	return doc.Components.Schemas, nil
})

// word gives a schema and those within it the words for what they expect.
func word(node any) {
	switch v := node.(type) {
	case map[string]any:
		for _, inner := range v {
			word(inner)
		}
		if expected := expectation(v); expected != "" {
			v["errorMessage"] = expected
		}
	case []any:
		for _, inner := range v {
			word(inner)
		}
	}
}

func expectation(schema map[string]any) string {
	if words, ok := schema["x-expected"].(string); ok {
		return words
	}
	if list, ok := schema["enum"].([]any); ok {
		var words []string
		for _, one := range list {
			words = append(words, fmt.Sprint(one))
		}
		return "one of " + strings.Join(words, ", ")
	}
	kind, _ := schema["type"].(string)
	switch kind {
	case "string":
		if most, ok := schema["maxLength"].(float64); ok {
			return fmt.Sprintf("a text of at most %.0f characters", most)
		}
		return "a text"
	case "integer":
		least, hasLeast := schema["minimum"].(float64)
		most, hasMost := schema["maximum"].(float64)
		switch {
		case hasLeast && hasMost:
			return fmt.Sprintf("a whole number from %.0f to %.0f", least, most)
		case hasLeast:
			return fmt.Sprintf("a whole number of at least %.0f", least)
		}
		return "a whole number"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return ""
}

// bodySchemas are those that were compiled already, by name: compiling takes longer than all else at the start of a server.
var bodySchemas sync.Map

// bodySchema compiles the schema of a request body by its name in the document.
func bodySchema(name string) (*document.Schema, error) {
	if known, ok := bodySchemas.Load(name); ok {
		if schema, ok := known.(*document.Schema); ok {
			return schema, nil
		}
	}
	defs, err := definitions()
	if err != nil {
		return nil, err
	}
	of, ok := defs[name].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the OpenAPI document has no schema %s", name)
	}
	root := maps.Clone(of)
	root["$schema"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", defs
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("encode the schema %s: %w", name, err)
	}
	schema, err := document.Compile("openapi/"+name, raw)
	if err == nil {
		bodySchemas.Store(name, schema)
	}
	return schema, err
}
