//go:build unix

package browser

import (
	"os/exec"
	"syscall"
)

// withChildren has the end of a command's context end what the command has started, too.
func withChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
