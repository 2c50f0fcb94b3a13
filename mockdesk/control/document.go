package control

import (
	_ "embed"

	"deskcheck/mockdesk/control/serving"
)

//go:embed openapi.yaml
var openAPI []byte

// described is the document, which is the same for all servers.
var described = serving.NewDocument(openAPI, serving.Faults)

// Document returns the OpenAPI document of the control API, as YAML. The error is one of the program: the embedded document is none.
func Document() ([]byte, error) { return described.YAML() }
