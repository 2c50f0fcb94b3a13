package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskcheck/steps/bound"
)

// Running is a connector that runs. Its methods are safe for use by many goroutines. Start or Attach gives one; Stop it.
type Running struct {
	base    string
	values  Values
	within  time.Duration
	port    int
	dir     string
	command *exec.Cmd
	output  *output
	pipe    *os.File
	exited  chan struct{}
	stop    func() error

	mu  sync.Mutex
	how string
}

// Start starts a program with values: it finds a free port of 127.0.0.1 (${port}), writes its files into a folder of this start (${dir}), and returns when the connector is ready.
// ctx bounds the start alone; the connector runs until Stop. The error is an *Error with what the connector printed: there is no such program, it ended before it was ready, it
// never was, or its port was taken.
func Start(ctx context.Context, p Program, v Values) (*Running, error) {
	if len(p.Command) == 0 {
		return nil, &Error{Doing: "start the connector", Err: errors.New("it has no command")}
	}
	r := &Running{within: cmp.Or(p.StopWithin, StopWithin), exited: make(chan struct{})}
	r.stop = sync.OnceValue(r.end)
	if err := r.start(p, v); err != nil {
		_ = r.Stop() // There is little to stop, and the first error is the one that counts.
		return nil, r.failed(p, err)
	}
	if err := r.ready(ctx, p); err != nil {
		_ = r.Stop() // As above.
		return nil, r.failed(p, err)
	}
	return r, nil
}

// Attach is Start for a connector that runs already at a base URL, such as "http://127.0.0.1:9080": of the program only what says when it is ready is used. It never exits, and to
// stop it changes nothing.
func Attach(ctx context.Context, base string, p Program, v Values) (*Running, error) {
	r := &Running{base: strings.TrimSuffix(base, "/"), values: maps.Clone(v), exited: make(chan struct{}), stop: func() error { return nil }, output: newOutput(nil)}
	if err := r.ready(ctx, p); err != nil {
		return nil, &Error{Doing: "talk to the connector at " + base, Err: err}
	}
	return r, nil
}

// failed is the error of a start, with the last that was printed.
func (r *Running) failed(p Program, err error) error {
	return &Error{Doing: "start the connector " + p.Command[0], Err: err, Output: r.Output()}
}

// start does all of Start but for the wait.
func (r *Running) start(p Program, v Values) error {
	var err error
	if r.port, err = takePort(); err != nil {
		return err
	}
	if r.dir, err = os.MkdirTemp("", "deskcheck-connector-"); err != nil {
		return fmt.Errorf("make a folder for its files: %w", err)
	}
	r.base = "http://" + net.JoinHostPort(loopback, strconv.Itoa(r.port))
	r.values = Values{}
	maps.Copy(r.values, v)
	r.values["port"], r.values["dir"] = strconv.Itoa(r.port), r.dir
	full, err := p.filled(r.values)
	if err != nil {
		return err
	}
	if err := r.write(full.Files); err != nil {
		return err
	}
	if info, err := os.Stat(cmp.Or(full.Dir, ".")); err != nil || !info.IsDir() {
		return fmt.Errorf("its folder %s is not there, or is no folder", full.Dir)
	}
	r.output = newOutput(r.values.secrets(p))
	return r.run(full)
}

// write makes the files.
func (r *Running) write(files []File) error {
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fmt.Errorf("the file %q would stand outside of its folder", f.Path)
		}
		at := filepath.Join(r.dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return fmt.Errorf("make the folder of %s: %w", f.Path, err)
		}
		if err := os.WriteFile(at, []byte(f.Text), 0o600); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return nil
}

// run begins the process.
func (r *Running) run(p Program) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe for what it prints: %w", err)
	}
	cmd := exec.Command(p.Command[0], p.Command[1:]...) //nolint:gosec // The user names their own program.
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Dir, p.environment(os.LookupEnv), writer, writer
	grouped(cmd)
	started := make(chan error)
	go r.attend(cmd, started)
	err = <-started
	_ = writer.Close() // The process has its own end.
	if err != nil {
		_ = reader.Close()
		return p.why(err)
	}
	r.command, r.pipe = cmd, reader
	go r.output.read(reader)
	return nil
}

// attend starts a process, tells whether that went well, and sees it to its end, all on one thread of the machine: a process that ends with whoever started it (see grouped) ends with that
// thread.
func (r *Running) attend(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // How it ended is in its state.
	// What it has started must not stay behind, and by now the number of its group is nobody else's yet.
	kill(cmd)
	r.mu.Lock()
	r.how = cmd.ProcessState.String()
	r.mu.Unlock()
	close(r.exited)
}

const (
	// lookEvery is how often a connector is asked whether it is ready: there is nothing else to tell it by.
	lookEvery = 20 * time.Millisecond
	// lookBound is how long one answer may take.
	lookBound = time.Second
)

// ready waits until the connector answers.
func (r *Running) ready(ctx context.Context, p Program) error {
	within := cmp.Or(p.ReadyWithin, ReadyWithin)
	bounded, cancel := bound.WithTimeout(ctx, within)
	defer cancel()
	address, err := r.At(p.Ready)
	if err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	look := r.answers
	if p.Ready == "" {
		look = listens
	}
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		// A look has its own bound: one that is cut short by the end of the wait would say nothing.
		last := look(ctx, address)
		if last == nil {
			return r.stays()
		}
		select {
		case <-r.exited:
			return r.gone()
		case <-again.C:
		case <-bounded.Done():
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case bounded.Err() != nil:
			return fmt.Errorf("it was not ready within %v: %w", within, last)
		}
	}
}

// answers says by its error why an address does not answer 2xx.
func (r *Running) answers(ctx context.Context, address string) error {
	ctx, cancel := bound.WithTimeout(ctx, lookBound)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("its health address: %w", err)
	}
	response, err := direct.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // Nothing of it is of use.
	_, _ = io.CopyN(io.Discard, response.Body, longestLine)
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("GET %s is answered %s", address, response.Status)
	}
	return nil
}

// direct asks connectors: never through a proxy, never elsewhere, with no connection left behind.
var direct = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// listens says by its error why nobody can connect to where an address leads.
func listens(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("its address: %w", err)
	}
	conn, err := (&net.Dialer{Timeout: lookBound}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")))
	if err != nil {
		return err
	}
	return conn.Close()
}

// stays wants a connector that has answered to be the one that was started: where that has ended, another program listens on its port.
func (r *Running) stays() error {
	select {
	case <-r.exited:
		return r.gone()
	default:
		return nil
	}
}

// gone says that the process ended before it was ready.
func (r *Running) gone() error {
	r.settle()
	err := fmt.Errorf("it ended before it was ready (%s)", r.How())
	if isFree(r.port) != nil {
		return fmt.Errorf("%w: %w", err, errTaken)
	}
	return err
}

// At is where an address of the connector leads: its names are filled, and one that begins with a slash, or is empty, is below the base.
func (r *Running) At(address string) (string, error) { return r.AtWith(address, nil) }

// AtWith is At with further values, such as those of an end user.
func (r *Running) AtWith(address string, besides Values) (string, error) {
	values := maps.Clone(r.values)
	if values == nil {
		values = Values{}
	}
	maps.Copy(values, besides)
	full, err := values.Fill(address)
	if err != nil {
		return "", err
	}
	if full == "" || strings.HasPrefix(full, "/") {
		full = r.base + full
	}
	return full, nil
}

// Base is the base URL of the connector, such as "http://127.0.0.1:20817".
func (r *Running) Base() string { return r.base }

// Exited is closed when the process has ended; it never is for one that was attached to.
func (r *Running) Exited() <-chan struct{} { return r.exited }

// How says how the process ended, such as "exit status 2" or "signal: killed"; empty while it runs.
func (r *Running) How() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.how
}

// Ended is nil while the process runs, and then an *Error that says how it ended and what it printed last.
func (r *Running) Ended() error {
	select {
	case <-r.exited:
		r.settle()
		return &Error{Doing: "the connector has ended", Err: errors.New(r.How()), Output: r.Output()}
	default:
		return nil
	}
}

// Output is the last of what the connector printed, 200 lines at most, without secrets.
func (r *Running) Output() []string {
	var texts []string
	for _, line := range r.Printed() {
		texts = append(texts, line.Text)
	}
	return texts
}

// Printed is Output with the time of each line.
func (r *Running) Printed() []Line {
	if r.output == nil {
		return nil
	}
	return r.output.last()
}

// Stop asks the connector and all that it has started to end, ends them if they do not in time, and removes their files. Further calls give the first one's error, which says that it
// had to be ended, or what could not be removed.
func (r *Running) Stop() error { return r.stop() }

// end is Stop.
func (r *Running) end() error {
	var err error
	if r.command != nil {
		err = r.terminate()
		r.settle()
		_ = r.pipe.Close()
	}
	if r.dir != "" {
		err = errors.Join(err, os.RemoveAll(r.dir))
	}
	if r.port != 0 {
		givePort(r.port)
	}
	return err
}

// terminate has the process end.
func (r *Running) terminate() error {
	select {
	case <-r.exited:
		return nil
	default:
	}
	ask(r.command)
	patience := time.NewTimer(r.within)
	defer patience.Stop()
	select {
	case <-r.exited:
		return nil
	case <-patience.C:
	}
	kill(r.command)
	<-r.exited
	return fmt.Errorf("the connector did not end within %v of being asked to, and was killed", r.within)
}

// lastWords is how long what a process has printed may take to be read once it has ended, where something that has left its group still holds the pipe.
const lastWords = 500 * time.Millisecond

// settle waits until what the process has printed was read.
func (r *Running) settle() {
	_ = r.pipe.SetReadDeadline(time.Now().Add(lastWords))
	<-r.output.done
}
