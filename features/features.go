// Package features holds the executable specification: Gherkin, by contract and topic. It has no code of its own.
package features

import "embed"

// FS holds every feature file, under the name of its contract: ai-chat/factory.feature and so on.
//
//go:embed ai-chat/*.feature agent-manager/*.feature digital-connect/*.feature
var FS embed.FS
