package deskcheck

import "deskcheck/fixtures/document"

// ConfigProblem is one mistake in a configuration, with its place.
type ConfigProblem = document.Problem

// ConfigError holds every mistake of one configuration, in the order of the file.
type ConfigError = document.Error
