//go:build !unix

package connector

import "os/exec"

// grouped is for systems with process groups; elsewhere only the command itself is ended.
func grouped(*exec.Cmd) {}

// ask ends the command: there is no way to ask.
func ask(cmd *exec.Cmd) { kill(cmd) }

// kill ends the command.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
