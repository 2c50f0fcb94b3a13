package connector

import (
	"os/exec"
	"syscall"
)

// withKit has a command end when the kit does, however that ends: a connector that stays behind keeps its port.
func withKit(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL }
