//go:build unix

package connector

import (
	"os/exec"
	"syscall"
)

// grouped has a command begin a process group, so that what it starts can be ended with it.
func grouped(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	withKit(cmd)
}

// ask asks all of a command's group to end. Who has gone already does not hear it.
func ask(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends all of a command's group.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
