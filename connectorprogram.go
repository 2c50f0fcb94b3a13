package deskcheck

import (
	"fmt"

	"deskcheck/steps/connector"
)

// program is how the connector is started, for package connector. The error names the file that cannot be read.
func (d Connector) program() (connector.Program, error) {
	p := connector.Program{Command: d.Command, Dir: d.folder(), Env: d.Env, Ready: d.Ready, ReadyWithin: d.ReadyWithin}
	for _, f := range d.Files {
		text := f.Text
		if f.File != "" {
			var err error
			if text, err = readSmall(f.File); err != nil {
				return p, &UserError{Err: fmt.Errorf("read what is to be %s: %w", f.Path, err)}
			}
		}
		p.Files = append(p.Files, connector.File{Path: f.Path, Text: text})
	}
	return p, nil
}
