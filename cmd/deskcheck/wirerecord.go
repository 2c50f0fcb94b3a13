package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/recording"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const recordLong = `Stands between an integration and its real desk, keeps what they say to each other, and makes a first wire file of it.

Point the integration to the recorder, or have "--integration" show it in a chat, and follow the steps that are printed: who says or does what. A line that is to be said is
recognised when it passes; for everything else press Enter when it is done, or enter "skip". A script says where it is with "deskcheck wire mark STEP" from another shell.

Nothing secret is kept: tokens, cookies, keys and ids are replaced as they pass, each by a word of its own. The traffic is written as it comes, and "--from" makes a wire
of it again later. What could not be found out stands in the wire file as a comment that begins with TODO.`

const recordExample = `  deskcheck wire record --to https://chat.vendor.example
  deskcheck wire record --to https://chat.vendor.example --integration src/desk.ts
  deskcheck wire record --host chat.vendor.example         where the integration has its host written into it
  deskcheck wire record --from recorded.traffic.ndjson`

// defaultRecorder is where the recorder listens if nothing else is said.
const defaultRecorder = "127.0.0.1:8480"

type recordFlags struct {
	to, listen, traffic, out, name, from, integration string
	hosts                                             []string
}

func (p *program) recordCommand() *cobra.Command {
	f := recordFlags{}
	c := with(&cobra.Command{
		Use: "record", Short: "Make a first wire file of what an integration and a real desk say to each other", Long: recordLong, Example: recordExample,
		Args: arguments(0, 0, ""), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error { return p.record(c.Context(), f) },
	}, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.to, "to", "", "the `URL` of the desk")
		flags.StringArrayVar(&f.hosts, "host", nil, "be the proxy for the host `NAME`, with a port if it is an unusual one; may be repeated")
		flags.StringVar(&f.listen, "listen", defaultRecorder, "the `ADDRESS` to listen on, of the loopback")
		flags.StringVar(&f.integration, "integration", "", "show a chat with the integration in `FILE`, its desk being the recorder")
		flags.StringVarP(&f.out, "out", "o", "recorded.wire.yaml", "write the wire to `FILE`")
		flags.StringVar(&f.traffic, "traffic", "recorded.traffic.ndjson", "write the traffic to `FILE`")
		flags.StringVar(&f.name, "name", "recorded", "the `NAME` of the wire")
		flags.StringVar(&f.from, "from", "", "record nothing, and read the traffic in `FILE`")
	})
	return c
}

func (p *program) markCommand() *cobra.Command {
	address := "http://" + defaultRecorder
	c := with(&cobra.Command{
		Use: "mark STEP", Short: "Tell a recorder which step begins: " + strings.Join(recording.StepNames(), ", ") + "; " + recording.Done + " ends the recording",
		Args: arguments(1, 1, "a step"), ValidArgsFunction: cobra.FixedCompletions(append(recording.StepNames(), recording.Done), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) error { return mark(c.Context(), address, args[0]) },
	}, func(flags *pflag.FlagSet) {
		flags.StringVar(&address, "recorder", address, "the `URL` of the recorder")
	})
	return c
}

// mark tells a recorder which step begins.
func mark(ctx context.Context, address, step string) error {
	steps := append(recording.StepNames(), recording.Done)
	if !slices.Contains(steps, step) {
		return &deskcheck.UserError{Err: fmt.Errorf("there is no step %q; closest: %s", step, strings.Join(deskcheck.Closest(step, steps, 3), ", ")), Fix: "the steps are " + strings.Join(steps, ", ")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+recording.MarkPath+step, http.NoBody)
	if err != nil {
		return &deskcheck.UserError{Err: fmt.Errorf("--recorder: %w", err)}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("the recorder does not answer: %w", err), Fix: `start it with "deskcheck wire record", or name its address with --recorder`}
	}
	defer func() { _ = response.Body.Close() }() // nothing is read from it
	if response.StatusCode != http.StatusNoContent {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("%s is no recorder: it answered %s", address, response.Status)}
	}
	return nil
}

func (p *program) record(ctx context.Context, f recordFlags) error {
	if f.from != "" {
		return p.inferFrom(f)
	}
	target, names, err := f.target()
	if err != nil {
		return err
	}
	if err := mayCreate(f.out, outTaken); err != nil {
		return err
	}
	if err := mayCreate(f.traffic, "make a wire of it with --from "+f.traffic+", remove it, or name another file with --traffic"); err != nil {
		return err
	}
	kept, err := os.OpenFile(f.traffic, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &deskcheck.UserError{Err: fmt.Errorf("the traffic cannot be kept: %w", err), Fix: "name another file with --traffic"}
	}
	session := &recordSession{program: p, traffic: recording.NewTraffic(kept), marks: make(chan beginning)}
	p.heed() // What has passed so far is to become a wire.
	err = session.serve(ctx, f, target, names)
	if err = errors.Join(err, session.traffic.Err(), kept.Close()); err != nil {
		if user, ok := errors.AsType[*deskcheck.UserError](err); ok {
			return user
		}
		return &deskcheck.EnvironmentError{Err: err}
	}
	all, _ := session.traffic.All()
	p.printf("\n%s has what has passed\n", f.traffic)
	return p.writeDraft(f, all)
}

// outTaken is what to do where there is a wire already.
const outTaken = "remove it, or name another file with --out"

// mayCreate makes sure that nothing is written over.
func mayCreate(file, fix string) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return &deskcheck.UserError{Err: fmt.Errorf("%s is there already, and nothing is written over", file), Fix: fix}
	}
	return nil
}

// target reads where requests go.
func (f recordFlags) target() (*url.URL, []edge.Name, error) {
	var names []edge.Name
	for _, host := range f.hosts {
		name, err := edge.ParseName(host)
		if err != nil {
			return nil, nil, &deskcheck.UserError{Err: fmt.Errorf("--host: %w", err)}
		}
		names = append(names, name)
	}
	if f.to == "" {
		if len(names) == 0 {
			return nil, nil, &deskcheck.UserError{Err: errors.New("it is not known where the desk is"), Fix: "name it with --to https://chat.vendor.example, or with --host where the integration has its host written into it"}
		}
		return nil, names, nil
	}
	to, err := url.Parse(f.to)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil, nil, &deskcheck.UserError{Err: fmt.Errorf("--to: expected an address such as https://chat.vendor.example, found %q", f.to)}
	}
	return to, names, nil
}

func (p *program) inferFrom(f recordFlags) error {
	if err := mayCreate(f.out, outTaken); err != nil {
		return err
	}
	file, err := os.Open(f.from)
	if err != nil {
		return cannotRead(fmt.Errorf("the traffic cannot be read: %w", err))
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	all, err := recording.ReadTraffic(f.from, file)
	if err != nil {
		return &deskcheck.UserError{Err: err, Fix: `--from reads what "deskcheck wire record" has written to --traffic`}
	}
	return p.writeDraft(f, all)
}

// writeDraft makes a wire of traffic, and says what is left to do.
func (p *program) writeDraft(f recordFlags, all []recording.Crossing) error {
	draft, err := recording.Infer(f.name, all)
	if err != nil {
		return &deskcheck.UserError{Err: err}
	}
	file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = io.Copy(file, bytes.NewReader(draft.Text))
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("the wire cannot be written: %w", err)}
	}
	p.printf("%s is the wire, a first one\n", f.out)
	if len(draft.Open) > 0 {
		p.printf("\nwhat could not be found out:\n")
	}
	for _, one := range draft.Open {
		p.printf("  %s\n", one)
	}
	p.printf("\nnext:\n  deskcheck wire check %s\n", f.out)
	return nil
}

// recordSession is a recording that goes on.
type recordSession struct {
	*program

	traffic  *recording.Traffic
	recorder *recording.Recorder
	// marks are steps that others say begin.
	marks chan beginning
	// begun acknowledges the mark by which the step that comes next was begun, nil for one that was begun otherwise.
	begun chan struct{}
}

// serve records until all steps are done, or it is told to stop.
func (s *recordSession) serve(ctx context.Context, f recordFlags, target *url.URL, names []edge.Name) error {
	if host, _, err := net.SplitHostPort(f.listen); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return &deskcheck.UserError{Err: fmt.Errorf("--listen: %q is no address of the loopback, such as %s", f.listen, defaultRecorder)}
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("the recorder cannot listen: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.recorder = recording.New(s.traffic, recording.Options{To: target, Report: func(said string) { s.sayf("%s", said) }, Marked: func(step string) { s.marked(ctx, step) }})
	server := &http.Server{Handler: s.recorder, ReadHeaderTimeout: time.Minute}
	// What crosses before anybody was told of the first step belongs to it.
	s.traffic.Mark(recording.Steps()[0].Name)
	go func() { _ = server.Serve(listener) }() // ends with http.ErrServerClosed
	defer s.end(server)
	address := "http://" + listener.Addr().String()
	if target != nil {
		s.printf("%-10s%s  passes on to %s\n", "recorder", address, target)
	}
	if err := s.beProxy(names); err != nil {
		return err
	}
	if f.integration != "" {
		chat, err := newChatBeside()
		if err != nil {
			return err
		}
		defer chat.close()
		if err := chat.record(f.integration, address); err != nil {
			return err
		}
		s.printf("%-10s%s\n", "chat", chat.address())
	}
	s.guide(ctx)
	return nil
}

// farewell is how long clients may take to read the last answers.
const farewell = 2 * time.Second

// end ends what is open with the program; an answer that is being given, such as that to the last mark, is given.
func (s *recordSession) end(server *http.Server) {
	_ = s.recorder.Close()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// marked hears that a step begins. It comes back when the traffic has the mark, so that what the client does next stands behind it.
func (s *recordSession) marked(ctx context.Context, step string) {
	one := beginning{step: step, taken: make(chan struct{})}
	select {
	case s.marks <- one:
	case <-ctx.Done():
		return
	}
	select {
	case <-one.taken:
	case <-ctx.Done():
	}
}

// beginning says that a step begins; taken is to be closed when the traffic has it.
type beginning struct {
	step  string
	taken chan struct{}
}

// record shows an integration whose desk is the recorder.
func (c *chatBeside) record(file, recorder string) error {
	page, err := deskcheck.RecordingChat(deskcheck.Integration{File: file}, recorder, strings.Replace(recorder, "http", "ws", 1))
	if err != nil {
		return err
	}
	c.server = &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.server.Serve(c.listener) }() // Ends with http.ErrServerClosed.
	return nil
}

// beProxy has the hosts that an integration has written into it lead to the recorder. It ends with the program.
func (s *recordSession) beProxy(names []edge.Name) error {
	if len(names) == 0 {
		return nil
	}
	authority, err := edge.NewAuthority()
	if err != nil {
		return err
	}
	proxy, err := edge.Open(authority, names)
	if err != nil {
		return err
	}
	proxy.Lead(s.recorder, func(r edge.Refusal) { s.sayf("%s is not among --host, and was refused", r.Address) })
	s.printf("%-10s%s  start a browser with it:\n  chromium --user-data-dir=$(mktemp -d) --proxy-server=%s --ignore-certificate-errors-spki-list=%s\n", "proxy", proxy.Addr(), proxy.Addr(), authority.KeyHash())
	return nil
}

// guide says what is to be done, step by step, until all is done.
func (s *recordSession) guide(ctx context.Context) {
	s.printf("\nDo what is said, and press Enter when it is done and shows; a line that is to be said is recognised. skip leaves a step out, Ctrl-C ends the recording.\n\n")
	steps := recording.Steps()
	first := true // It was marked before anything could cross.
	for n := 0; n < len(steps); {
		step := steps[n]
		if !first {
			s.traffic.Mark(step.Name)
		}
		first = false
		s.acknowledge()
		s.tell(n, step)
		if step.Who == recording.RecorderDoes {
			s.recorder.Cut()
		}
		next, more := s.await(ctx, step)
		if !more {
			s.acknowledge()
			return
		}
		n++
		if next != "" {
			n = slices.IndexFunc(steps, func(one recording.Step) bool { return one.Name == next })
		}
	}
}

// acknowledge tells whoever has marked a step that it is marked.
func (s *recordSession) acknowledge() {
	if s.begun != nil {
		close(s.begun)
		s.begun = nil
	}
}

func (s *recordSession) tell(n int, step recording.Step) {
	what := step.Do
	if step.Line != "" {
		what += ": " + s.paint(s.out, step.Line, text.Bold)
	}
	s.printf("%2d  %-16s  %-8s  %s\n", n+1, step.Name, step.Who, what)
}

// await returns when a step is done: its line has passed, or somebody says so. It gives the step that comes next where that is not the one behind it, and whether any is to come.
func (s *recordSession) await(ctx context.Context, step recording.Step) (next string, more bool) {
	lines := s.lines()
	for {
		all, changed := s.traffic.All()
		if step.Seen(all) {
			return "", true
		}
		select {
		case <-ctx.Done():
			return "", false
		case m := <-s.marks:
			s.begun = m.taken
			return m.step, m.step != recording.Done
		case _, open := <-lines:
			if open {
				return "", true
			}
			lines = nil // Nobody is there who presses a key: steps that say nothing end with the next mark.
		case <-changed:
		}
	}
}
