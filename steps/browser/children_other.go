//go:build !unix

package browser

import "os/exec"

// withChildren is for systems with process groups; elsewhere only the command itself is ended.
func withChildren(*exec.Cmd) {}
