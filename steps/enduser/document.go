package enduser

import (
	_ "embed"
	"slices"
)

//go:embed openapi.yaml
var openAPI []byte

//go:embed GUIDE.md
var guide []byte

// Document returns the contract of user drivers as an OpenAPI document in YAML.
func Document() []byte { return slices.Clone(openAPI) }

// Guide returns what one needs to know to implement it, in Markdown.
func Guide() []byte { return slices.Clone(guide) }
