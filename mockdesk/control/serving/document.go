package serving

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"deskcheck/fixtures/document"

	"github.com/goccy/go-yaml"
)

// shared is what all documents have in common.
//
//go:embed shared.yaml
var shared []byte

// Faults is what documents have in common whose faults are the rules of a plan, for NewDocument.
//
//go:embed faults.yaml
var Faults []byte

// Document is the OpenAPI document of an API: what is its own, and what it has in common with others. Make one with NewDocument.
type Document struct {
	// own is what no other has, common what others have as well.
	own    []byte
	common [][]byte
	// asYAML and asJSON are the whole of it, definitions are its schemas in the form of one JSON Schema, each with the words for what it expects.
	asYAML, asJSON func() ([]byte, error)
	definitions    func() (map[string]any, error)
	// compiled are the schemas of bodies that were compiled already, by name: compiling takes longer than all else at the start of a server.
	compiled sync.Map
}

// NewDocument makes a document of what is its own and what it has in common with some others, in YAML, besides what all have. It is read when it is needed.
func NewDocument(own []byte, common ...[]byte) *Document {
	d := &Document{own: own, common: append(common, shared)}
	d.asYAML, d.asJSON, d.definitions = sync.OnceValues(d.compose), sync.OnceValues(d.encode), sync.OnceValues(d.define)
	return d
}

// YAML is the whole document. The error says what is wrong with it.
func (d *Document) YAML() ([]byte, error) { return d.asYAML() }

// JSON returns the same as JSON.
func (d *Document) JSON() ([]byte, error) { return d.asJSON() }

func (d *Document) compose() ([]byte, error) {
	whole, err := read(d.own)
	if err != nil {
		return nil, err
	}
	for _, text := range d.common {
		common, err := read(text)
		if err != nil {
			return nil, err
		}
		if whole, err = merged(whole, common, ""); err != nil {
			return nil, err
		}
	}
	return yaml.Marshal(whole)
}

func read(text []byte) (all yaml.MapSlice, err error) {
	if err = yaml.UnmarshalWithOptions(text, &all, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	return all, nil
}

// merged adds what all documents have to one; the error names what that one has already.
func merged(own, common yaml.MapSlice, at string) (yaml.MapSlice, error) {
	for _, item := range common {
		name := fmt.Sprintf("%s/%v", at, item.Key)
		i := slices.IndexFunc(own, func(one yaml.MapItem) bool { return one.Key == item.Key })
		if i < 0 {
			own = append(own, item)
			continue
		}
		mine, isMap := own[i].Value.(yaml.MapSlice)
		theirs, both := item.Value.(yaml.MapSlice)
		if !isMap || !both || strings.Count(name, "/") > 2 {
			return nil, fmt.Errorf("the OpenAPI document has %s twice: leave it to what all documents have", name)
		}
		var err error
		if own[i].Value, err = merged(mine, theirs, name); err != nil {
			return nil, err
		}
	}
	return own, nil
}

func (d *Document) encode() ([]byte, error) {
	text, err := d.YAML()
	if err != nil {
		return nil, err
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	var spaced bytes.Buffer
	err = json.Indent(&spaced, raw, "", "  ")
	return spaced.Bytes(), err
}

func (d *Document) define() (map[string]any, error) {
	raw, err := d.JSON()
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
}

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
		if properties, ok := schema["properties"].(map[string]any); ok && schema["minProperties"] != nil {
			return "an object with some of " + strings.Join(slices.Sorted(maps.Keys(properties)), ", ")
		}
		return "an object"
	}
	return ""
}

// schema compiles the schema of a request body by its name in the document.
func (d *Document) schema(name string) (*document.Schema, error) {
	if known, ok := d.compiled.Load(name); ok {
		if schema, ok := known.(*document.Schema); ok {
			return schema, nil
		}
	}
	defs, err := d.definitions()
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
		d.compiled.Store(name, schema)
	}
	return schema, err
}
