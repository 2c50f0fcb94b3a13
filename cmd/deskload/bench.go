package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/procfs"
)

// The sections, which can be measured by themselves.
const (
	sockets = "sockets"
	stubs   = "stubs"
	churn   = "churn"
)

var sections = []string{sockets, stubs, churn}

func isSection(name string) bool { return slices.Contains(sections, name) }

// What the desk is to reach.
const (
	targetOpen        = 5000
	targetThroughput  = 0.5      // of the frames that the bare server bears
	targetMemory      = 40 << 10 // bytes for a conversation in which nothing happens
	targetLatency     = 25 * time.Millisecond
	targetStubs       = 5    // times what the peer answers
	targetGrowth      = 0.05 // of the memory after the warm-up, which is as near as the same thing can be measured twice
	framesOfLine      = 2    // a line and its answer
	warmUp            = time.Second
	mostWarmUpOfSpell = 4 // parts of a spell that the warm-up is one of at most
)

// bench measures what its settings say.
type bench struct {
	settings

	out      io.Writer
	progress func(format string, args ...any)
	// folder is where the servers run.
	folder string
	table  report
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.folder, err = os.MkdirTemp("", "deskload-"); err != nil {
		return fmt.Errorf("make a folder for the servers to run in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	load := loadOfMachine()
	for _, section := range []struct {
		name    string
		measure func(context.Context) error
	}{{sockets, b.measureSockets}, {stubs, b.measureStubs}, {churn, b.measureChurn}} {
		if !slices.Contains(b.only, section.name) {
			continue
		}
		if err := section.measure(ctx); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(b.out, "deskcheck desk, %d cores, load before the start %s; figures are medians, of %d rounds in which the servers take turns\n\n", runtime.NumCPU(), load, b.rounds)
	b.table.render(b.out)
	return err
}

// loadOfMachine is how busy the machine is, as the system words it.
func loadOfMachine() string {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return "unknown"
	}
	load, err := fs.LoadAvg()
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f", load.Load1)
}

// processors is the time that the machine's processors have had since it was started, in seconds, how much of it a hypervisor has given to somebody else, and how much nobody has had.
type processors struct{ all, kept, idle float64 }

func timeOfProcessors() (processors, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return processors{}, fmt.Errorf("ask for the time of the processors: %w", err)
	}
	stat, err := fs.Stat()
	if err != nil {
		return processors{}, fmt.Errorf("ask for the time of the processors: %w", err)
	}
	t := stat.CPUTotal
	return processors{all: t.User + t.Nice + t.System + t.Idle + t.Iowait + t.IRQ + t.SoftIRQ + t.Steal, kept: t.Steal, idle: t.Idle}, nil
}

// keptSince is the share of the time since then that somebody else has had, idleSince that which nobody has had.
func (p processors) keptSince(then processors) float64 { return p.share(then, p.kept-then.kept) }
func (p processors) idleSince(then processors) float64 { return p.share(then, p.idle-then.idle) }

func (p processors) share(then processors, part float64) float64 {
	if p.all <= then.all {
		return 0
	}
	return part / (p.all - then.all)
}

// visit is what one server has borne in one round.
type visit struct {
	// kept is the share of the processors' time that a hypervisor gave to somebody else meanwhile: what it takes away is in every other figure.
	kept float64
	// idle is the share that nobody had while the server bore as much as it could: with much of it, something else than its work has held it up.
	idle float64
	// frames are those a second, both ways; work is the time of processors that each took, memory the bytes for a conversation in which nothing happened yet.
	frames, memory float64
	work           time.Duration
	latency        *hdrhistogram.Histogram
}

func (b *bench) measureSockets(ctx context.Context) error {
	var desk, unsaved, bare []visit
	rate := 0.0
	for round := range b.rounds {
		turns := []func() error{
			func() error {
				b.progress("round %d of %d: %d conversations with the desk", round+1, b.rounds, b.conversations)
				one, err := b.visit(ctx, func() (*server, error) { return launchDesk(ctx, b.settings, b.folder) }, 0)
				desk, rate = append(desk, one), one.frames/framesOfLine/2
				return err
			},
			func() error {
				b.progress("round %d of %d: %d sockets of the bare server", round+1, b.rounds, b.conversations)
				one, err := b.visit(ctx, func() (*server, error) { return launchEcho(ctx) }, rate)
				bare = append(bare, one)
				return err
			},
			func() error {
				b.progress("round %d of %d: %d conversations with a desk that saves nothing", round+1, b.rounds, b.conversations)
				one, err := b.visit(ctx, func() (*server, error) { return launchDesk(ctx, b.settings, b.folder, "--ephemeral") }, 0)
				unsaved = append(unsaved, one)
				return err
			},
		}
		if round%2 == 1 {
			slices.Reverse(turns) // What comes first has no advantage.
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				return err
			}
		}
	}
	b.tellSockets(desk, unsaved, bare)
	return nil
}

// visit opens conversations with a server, which it starts, and has them talk: as much as the server bears and then at a rate in lines a second, 0 for half of what it has borne.
func (b *bench) visit(ctx context.Context, launch func() (*server, error), rate float64) (one visit, err error) {
	v, err := launch()
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	before, err := v.memory()
	if err != nil {
		return one, err
	}
	all, err := converseWith(ctx, v, b.conversations)
	if err != nil {
		return one, err
	}
	defer hangUp(all)
	after, err := v.memory()
	if err != nil {
		return one, err
	}
	one.memory = (after - before) / float64(len(all))
	began, err := timeOfProcessors()
	if err != nil {
		return one, err
	}
	if _, _, err = flood(all, b.talkers, b.warmUp()); err != nil {
		return one, err
	}
	full, err := timeOfProcessors()
	if err != nil {
		return one, err
	}
	if one.frames, one.work, err = b.borne(v, framesOfLine, func() (int, time.Duration, error) { return flood(all, b.talkers, b.spell) }); err != nil {
		return one, err
	}
	borne, err := timeOfProcessors()
	if err != nil {
		return one, err
	}
	one.idle = borne.idleSince(full)
	if rate == 0 {
		rate = one.frames / framesOfLine / 2
	}
	if one.latency, err = pace(all, b.talkers, rate, b.spell); err != nil {
		return one, err
	}
	ended, err := timeOfProcessors()
	one.kept = ended.keptSince(began)
	return one, err
}

func (b *bench) warmUp() time.Duration { return min(warmUp, b.spell/mostWarmUpOfSpell) }

// borne is how much of something a server bears a second, and what it works for each; do returns how often it was done, and each counts as so many.
func (b *bench) borne(v *server, each int, do func() (int, time.Duration, error)) (rate float64, work time.Duration, err error) {
	before, err := v.worked()
	if err != nil {
		return 0, 0, err
	}
	times, took, err := do()
	if err != nil {
		return 0, 0, err
	}
	after, err := v.worked()
	if err != nil {
		return 0, 0, err
	}
	times *= each
	if times == 0 {
		return 0, 0, fmt.Errorf("%s has borne nothing in %s", v.name, took)
	}
	return float64(times) / took.Seconds(), (after - before) / time.Duration(times), nil
}

// answered is how a server has answered requests to a stub in one round.
type answered struct {
	rate float64
	work time.Duration
}

// manner is whether connections are kept.
type manner struct {
	name  string
	fresh bool
}

var manners = []manner{{"stubs answered a second", false}, {"the same, each on a connection of its own", true}}

func (b *bench) measureStubs(ctx context.Context) error {
	desk, peer := make([][]answered, len(manners)), make([][]answered, len(manners))
	for round := range b.rounds {
		turns := []func() error{func() error {
			b.progress("round %d of %d: stubs of the desk", round+1, b.rounds)
			return b.answers(func() (*server, error) { return launchDesk(ctx, b.settings, b.folder) }, desk)
		}}
		if b.mockoon != "" {
			turns = append(turns, func() error {
				b.progress("round %d of %d: stubs of Mockoon", round+1, b.rounds)
				return b.answers(func() (*server, error) { return launchMockoon(ctx, b.settings, b.folder) }, peer)
			})
		}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				return err
			}
		}
	}
	b.tellStubs(desk, peer)
	return nil
}

// answers starts a server, asks its stub in every manner, and adds what came of it.
func (b *bench) answers(launch func() (*server, error), to [][]answered) (err error) {
	v, err := launch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	for i, m := range manners {
		if _, _, err = ask(v, b.callers, m.fresh, b.warmUp()); err != nil {
			return err
		}
		one := answered{}
		if one.rate, one.work, err = b.borne(v, 1, func() (int, time.Duration, error) { return ask(v, b.callers, m.fresh, b.spell) }); err != nil {
			return err
		}
		to[i] = append(to[i], one)
	}
	return nil
}

// comers is how many conversations come and go side by side, linesOfComer what is said in each.
const (
	comers       = 16
	linesOfComer = 3
)

// samples is how often memory is looked at while conversations come and go; the first part of them, of parts in all, is the warm-up, which the second is held against the last of.
const (
	samples = 100
	parts   = 5
)

// sample is the memory of a desk at one moment, in bytes: of the process, and what its heap holds.
type sample struct{ memory, heap float64 }

func (b *bench) measureChurn(ctx context.Context) (err error) {
	b.progress("conversations with the desk come and go for %s", b.churn)
	v, err := launchDesk(ctx, b.settings, b.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	watching, enough := context.WithCancel(ctx)
	var seen []sample
	looked := make(chan error, 1)
	go func() { looked <- b.look(watching, v, func(one sample) { seen = append(seen, one) }) }()
	times, took, err := repeat(comers, b.churn, func(worker, turn int) error { return come(ctx, v, turn*comers+worker) })
	enough()
	if err = errors.Join(err, <-looked); err != nil {
		return err
	}
	if len(seen) < parts {
		return fmt.Errorf("the memory of %s was seen %d times in %s, too few to compare", v.name, len(seen), took)
	}
	b.tellChurn(seen, float64(times)/took.Seconds())
	return nil
}

// come opens a conversation, talks and ends it.
func come(ctx context.Context, v *server, number int) error {
	c, err := converse(ctx, v, number)
	if err != nil {
		return err
	}
	for range linesOfComer {
		if err := c.say(); err != nil {
			return err
		}
	}
	return c.end()
}

// look tells the memory of a desk from time to time until ctx ends.
func (b *bench) look(ctx context.Context, v *server, see func(sample)) error {
	ticks := time.NewTicker(b.churn / samples)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		one := sample{}
		var err error
		if one.memory, err = v.memory(); err != nil {
			return err
		}
		if one.heap, err = v.heap(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		see(one)
	}
}
