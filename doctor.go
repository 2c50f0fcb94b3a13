package deskcheck

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/steps/browser"
)

// DoctorLine is one thing that Doctor looked at.
type DoctorLine struct {
	Name string
	// State is ok, warn (a run works, but not as well as it could) or fail (a run cannot work).
	State string
	// Detail is what was found, Fix the next step where the state is not ok.
	Detail, Fix string
}

const (
	stateOK   = "ok"
	stateWarn = "warn"
	stateFail = "fail"
)

// Doctor looks at what a run needs of this machine: ports, a browser that starts, fonts, the version of things. It changes nothing.
func Doctor(ctx context.Context, c Config) []DoctorLine {
	c = c.withDefaults()
	lines := []DoctorLine{
		{Name: "deskcheck", State: stateOK, Detail: fmt.Sprintf("%s, %s, %s/%s, %d cores", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
		doctorPorts(),
		doctorDesk(),
	}
	if c.tabs() == 0 {
		return append(lines, DoctorLine{Name: "browser", State: stateOK, Detail: "none is needed: the connector's end users are played by their driver, and user.page names no page"})
	}
	return append(lines, doctorBrowser(ctx, c)...)
}

func doctorPorts() DoctorLine {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return DoctorLine{"ports", stateFail, err.Error(), "let this process listen on the loopback (127.0.0.1); a sandbox or a firewall forbids it"}
	}
	defer func() { _ = listener.Close() }() // Nothing was sent.
	return DoctorLine{Name: "ports", State: stateOK, Detail: "the loopback can be listened on"}
}

func doctorDesk() DoctorLine {
	desk, err := mockdesk.Open(mockdesk.Options{})
	if err != nil {
		return DoctorLine{"desk", stateFail, err.Error(), "see the line above about ports"}
	}
	_ = desk.Close() // Nobody has talked to it.
	return DoctorLine{Name: "desk", State: stateOK, Detail: "a mock desk opens and closes"}
}

// browserFix is the next step where a run finds no browser that it can use.
func browserFix(headed bool) string {
	if headed {
		return "apt-get install chromium on Debian, or name a full Chromium with --browser; without --headed, chromium-headless-shell will do"
	}
	return "apt-get install chromium-headless-shell (make run does it on Debian), or name another Chromium with --browser"
}

func doctorBrowser(ctx context.Context, c Config) []DoctorLine {
	found, err := browser.Find(ctx, c.Browser, c.Headed)
	if err != nil {
		return []DoctorLine{{"browser", stateFail, err.Error(), browserFix(c.Headed)}}
	}
	line := DoctorLine{Name: "browser", State: stateOK, Detail: fmt.Sprintf("%s %s (%s)", found.Kind, found.Version, found.Path)}
	if found.Kind != "headless-shell" && !c.Headed {
		line.State, line.Fix = stateWarn, "chromium-headless-shell runs the same scenarios two to four times faster: "+browserFix(false)
	}
	lines := []DoctorLine{line}

	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	began := time.Now()
	pool, err := browser.Launch(ctx, browser.Options{Path: found.Path, Headed: c.Headed, Tabs: 1})
	if err != nil {
		fix := "start the browser by hand to see what it lacks: " + found.Path + " --version"
		if c.Headed {
			fix = "a visible browser needs a screen (DISPLAY or WAYLAND_DISPLAY); start it by hand to see what it lacks: " + found.Path
		}
		return append(lines, DoctorLine{"start", stateFail, err.Error(), fix})
	}
	defer func() { _ = pool.Close() }() // Only looked at.
	tab, err := pool.Lease(ctx)
	if err != nil {
		return append(lines, DoctorLine{"start", stateFail, err.Error(), "look at the memory of the machine and at the limits of the sandbox"})
	}
	defer tab.Release()
	lines = append(lines, DoctorLine{Name: "start", State: stateOK, Detail: fmt.Sprintf("the browser opened a tab in %d ms", time.Since(began).Milliseconds())})
	return append(lines, doctorFonts(ctx, tab))
}

// doctorFonts sees whether text has a width: a machine without any font draws none, and buttons without text cannot be clicked.
func doctorFonts(ctx context.Context, tab *browser.Tab) DoctorLine {
	const measure = `(() => { const c = document.createElement('canvas').getContext('2d'); c.font = '16px sans-serif'; return c.measureText('deskcheck').width; })()`
	var width float64
	if err := tab.Evaluate(ctx, measure, &width); err != nil {
		return DoctorLine{"fonts", stateFail, err.Error(), "the browser does not draw; try another with --browser"}
	}
	if width < 10 {
		return DoctorLine{"fonts", stateWarn, "no font was found: screenshots will have no words", "apt-get install fonts-dejavu-core"}
	}
	return DoctorLine{Name: "fonts", State: stateOK, Detail: "text can be drawn"}
}
