package tenant

import (
	"errors"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/wire"
)

// parseWire compiles the text of a wire file, empty for the native one. The error is an *api.Refusal, with the lines of the mistakes.
func parseWire(source string) (*wire.Wire, error) { return compileWire(source, wire.Parse) }

func compileWire(source string, parse func(path string, text []byte) (*wire.Wire, error)) (*wire.Wire, error) {
	if source == "" {
		return wire.Native(), nil
	}
	w, err := parse("the wire", []byte(source))
	if err != nil {
		return nil, wrongSource("the wire is wrong: ", err)
	}
	return w, nil
}

// Wire is the protocol that the desk speaks.
func (t *Tenant) Wire() api.Wire {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.describeWire()
}

// describeWire is called with t.mu held.
func (t *Tenant) describeWire() api.Wire {
	spoken := t.desk.Wire()
	source := t.wire
	if source == "" {
		source = string(wire.NativeFile())
	}
	return api.Wire{Name: spoken.Name, Title: spoken.Title, Source: source}
}

// SetWire has the desk speak another wire from now on; source is the text of a wire file, empty for the native one. A reset brings back the one that the tenant was created
// with. The error is an *api.Refusal, with the lines of the mistakes, and changes nothing.
func (t *Tenant) SetWire(source string) (api.Wire, error) {
	spoken, err := parseWire(source)
	if err != nil {
		return api.Wire{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.desk.SetWire(spoken); err != nil {
		refusal := api.Refuse(api.Conflict, "%s", err.Error())
		refusal.Err = errors.Unwrap(err)
		return api.Wire{}, refusal
	}
	t.wire = source
	return t.describeWire(), nil
}

// Resave is SetWire for a wire file that was saved again: a reset brings back the new one, too, even if the desk cannot speak it before.
func (t *Tenant) Resave(source string) (api.Wire, error) {
	if _, err := parseWire(source); err != nil {
		return api.Wire{}, err
	}
	t.mu.Lock()
	t.spec.Wire = source
	t.mu.Unlock()
	return t.SetWire(source)
}

// origin is what the tenant is created with when it is reset.
func (t *Tenant) origin() api.NewTenant {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spec
}
