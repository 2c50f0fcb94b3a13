package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

const (
	// patience bounds how long a server may take to be there, to answer and to go.
	patience = time.Minute
	// tokenVariable is the environment variable by which a desk is told its token, tokenValue what that is: the desk serves nobody but this program.
	tokenVariable = "DESKLOAD_TOKEN"
	tokenValue    = "none-but-deskload-calls" //nolint:gosec // It guards what lasts for minutes, on the loopback, and does no harm to whoever guesses it.
	// liveHeap is the metric of a desk that says how much the last collection of garbage has left.
	liveHeap = "go_gc_heap_live_bytes"
)

// server is a process under load.
type server struct {
	name string
	// wire is where its clients find it, such as "127.0.0.1:40123"; control is where a desk is asked about itself, empty for others.
	wire, control string
	// opens says whether a socket has to be told that it is a conversation.
	opens bool

	command *exec.Cmd
	process procfs.Proc
	ended   chan error
}

// launchDesk starts the desk as its users do, on free ports, with more flags if there are any.
func launchDesk(ctx context.Context, s settings, folder string, flags ...string) (*server, error) {
	config, err := filepath.Abs(filepath.Join(s.folder, "desk.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find the configuration of the desk: %w", err)
	}
	binary, err := filepath.Abs(s.deskcheck)
	if err != nil {
		return nil, fmt.Errorf("find the desk: %w", err)
	}
	// What it saves there must not be found by the next.
	own, err := os.MkdirTemp(folder, "desk-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the desk to save in: %w", err)
	}
	v := &server{name: "the desk", opens: true}
	flags = append([]string{"desk", "-c", config, "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0", "--token-env", tokenVariable, "--log-level", "warn"}, flags...)
	command := exec.CommandContext(ctx, binary, flags...) //nolint:gosec // The user names the binary.
	command.Dir = own
	command.Env = append(os.Environ(), tokenVariable+"="+tokenValue)
	return v, v.launch(command, func(line string) bool {
		switch word, where := addressOf(line); word {
		case "wire":
			v.wire = where
		case "control":
			v.control = where
		}
		return v.control != ""
	})
}

// launchEcho starts the bare server, which is this program.
func launchEcho(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the bare server: %w", err)
	}
	v := &server{name: "the bare server"}
	return v, v.launch(exec.CommandContext(ctx, self, echoRole), func(line string) bool { //nolint:gosec // It is this program.
		_, v.wire = addressOf(line)
		return true
	})
}

// launchMockoon starts the peer for stubs. It takes no port of its own choice.
func launchMockoon(ctx context.Context, s settings, folder string) (*server, error) {
	stub, err := filepath.Abs(filepath.Join(s.folder, "stub.json"))
	if err != nil {
		return nil, fmt.Errorf("find the stub: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	v := &server{name: "Mockoon", wire: listener.Addr().String()}
	_, port, _ := net.SplitHostPort(v.wire)
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	command := exec.CommandContext(ctx, "node", s.mockoon, "start", "--data", stub, "--port", port, "--hostname", "127.0.0.1", "--disable-log-to-file", "--disable-admin-api") //nolint:gosec // The user names the script.
	command.Dir = folder
	return v, v.launch(command, func(line string) bool { return strings.Contains(line, "Server started") })
}

// addressOf takes a line apart that says what is where.
func addressOf(line string) (word, where string) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return "", ""
	}
	_, where, _ = strings.Cut(fields[1], "://")
	return fields[0], where
}

// launch starts the program and waits until there says of one of its lines that it serves from now on.
func (v *server) launch(command *exec.Cmd, there func(line string) bool) error {
	out, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", v.name, err)
	}
	var complaint bytes.Buffer
	command.Stderr = &complaint
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", v.name, err)
	}
	v.command, v.ended = command, make(chan error, 1)
	serves := make(chan struct{})
	go func() {
		waiting := true
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if waiting && there(lines.Text()) {
				waiting = false
				close(serves)
			}
		}
		v.ended <- command.Wait()
	}()
	select {
	case <-serves:
	case err := <-v.ended:
		return fmt.Errorf("%s has ended before it served (%v): %s", v.name, err, strings.TrimSpace(complaint.String())) //nolint:errorlint // An exit status says less than what was said before it.
	case <-time.After(patience):
		_ = command.Process.Kill()
		return fmt.Errorf("%s does not serve after %s", v.name, patience)
	}
	if v.process, err = procfs.NewProc(command.Process.Pid); err != nil {
		return errors.Join(fmt.Errorf("look at %s: %w", v.name, err), v.stop())
	}
	return nil
}

// stop ends the process.
func (v *server) stop() error {
	if err := v.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", v.name, err)
	}
	select {
	case <-v.ended: //nolint:errcheck // Some take a signal for a failure.
		return nil
	case <-time.After(patience):
		_ = v.command.Process.Kill()
		return fmt.Errorf("%s has not ended after %s and was killed", v.name, patience)
	}
}

// worked is the time that processors have spent on the process, its own and the system's on its behalf.
func (v *server) worked() (time.Duration, error) {
	stat, err := v.process.Stat()
	if err != nil {
		return 0, fmt.Errorf("ask what %s has worked: %w", v.name, err)
	}
	return time.Duration(stat.CPUTime() * float64(time.Second)), nil
}

// memory is the memory of the process in bytes, what it shares counted in part.
func (v *server) memory() (float64, error) {
	rollup, err := v.process.ProcSMapsRollup()
	if err != nil {
		return 0, fmt.Errorf("ask for the memory of %s: %w", v.name, err)
	}
	return float64(rollup.Pss), nil
}

// heap is what the last collection of garbage in a desk has left, in bytes.
func (v *server) heap(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.control+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("ask for the metrics of %s: %w", v.name, err)
	}
	r.Header.Set("Authorization", "Bearer "+tokenValue)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask for the metrics of %s: %w", v.name, err)
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), liveHeap+" "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("%s answered %s and does not tell its %s", v.name, response.Status, liveHeap)
}
