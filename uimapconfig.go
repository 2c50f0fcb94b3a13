package deskcheck

import (
	"errors"
	"path/filepath"

	"deskcheck/steps/uimap"
)

// uiMapKey is the key of the configuration that says how a person does things in the agent desk, or names the file that does.
const uiMapKey = "ui-map"

// uiMap reads the map of a configuration, nil if it has none. Its error is a *UserError.
func (d *configDocument) uiMap(value any) (*uimap.Map, error) {
	var m *uimap.Map
	var err error
	switch at := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // A configuration need not have one.
	case string:
		if !filepath.IsAbs(at) {
			at = filepath.Join(filepath.Dir(d.Path), at)
		}
		m, err = uimap.Read(at)
		if _, inFile := errors.AsType[*ConfigError](err); err != nil && !inFile {
			return nil, &UserError{Err: d.Wrong(ConfigProblem{Key: uiMapKey, Message: err.Error()}), Fix: pathFix}
		}
	default:
		m, err = uimap.Parse(d.Document, uiMapKey)
	}
	if err != nil {
		return nil, &UserError{Err: err, Fix: `"deskcheck config schema" describes ui-map, and fixtures/schemas/ui-map.schema.json each verb of it`}
	}
	return m, nil
}
