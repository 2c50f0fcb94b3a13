package aichat

import (
	"context"
	"io/fs"

	"deskcheck/steps"
)

// Stage is what all scenarios of a run share: the host page and the integration under test. It is read-only while scenarios run.
type Stage struct {
	// Host holds the files of the host page, index.html first of all.
	Host fs.FS
	// HostScript is main.js of the host page with all that it imports.
	HostScript []byte
	// ChatURL is where the real chat is served as a script, empty for a host that needs none.
	ChatURL string
	// Probe is the source of the kit's scripted integration.
	Probe []byte
	// Integration is the bundle under test.
	Integration Bundle
	// Own is the page of the user's own that has the integration under test; nil for the kit's, which loads it.
	Own *OwnPage
	// Desks opens the desk of each scenario.
	Desks steps.Desks
	// Dialect is the dialect of the run.
	Dialect string
	// Holds says whether a requirement holds in that dialect; nil takes all of them to.
	Holds func(requirement string) bool
	// Claims are the capabilities that the integration claims to have: one that is missing is then a failure.
	Claims []string
	// Pause, if set, hears of each performance while page and desk still stand as they were at its end, and holds them there until it comes back.
	Pause func(ctx context.Context, s steps.Scenario, came steps.Performance)
	// Secrets are what must not reach the page, empty if nobody has said.
	Secrets []Secret
}

// Bundle is an integration ready for a page.
type Bundle struct {
	Code []byte
	// Export is the name under which an ES module exports the factory; Global the global name that a plain script leaves. With neither it is a plain script that registers the
	// factory itself.
	Export string
	Global string
	// Inputs are the files that it was made from, by their absolute paths; none of them is embedded.
	Inputs []string
}

type pageIntegration struct {
	Module string `json:"module,omitempty"`
	Export string `json:"export,omitempty"`
	Script string `json:"script,omitempty"`
	Global string `json:"global,omitempty"`
}

type pageReject struct {
	Callback string `json:"callback"`
	Nth      int    `json:"nth"`
}

type pageProbe struct {
	Method    string         `json:"method"`
	Behaviour map[string]any `json:"behaviour"`
}

// pageConfig is what the host page reads before it does anything; its fields are documented in fixtures/hosts/emulated/main.js.
type pageConfig struct {
	Dialect     string          `json:"dialect"`
	Integration pageIntegration `json:"integration"`
	Env         map[string]any  `json:"env"`
	Options     map[string]any  `json:"options"`
	Open        bool            `json:"open"`
	Widgets     int             `json:"widgets"`
	Listeners   string          `json:"listeners"`
	// ListenersTake is how long, in milliseconds, a listener is busy with an event.
	ListenersTake int `json:"listenersTake"`
	Without       struct {
		Parameters []string `json:"parameters"`
		Callbacks  []string `json:"callbacks"`
		Methods    []string `json:"methods"`
	} `json:"without"`
	Reject *pageReject `json:"reject"`
	Probe  []pageProbe `json:"probe,omitempty"`
	// Page is what is told of a page of the user's own.
	Page *pageOfUser `json:"page,omitempty"`

	// History says that the conversation outlives a reload, as if a server had kept it.
	History bool `json:"history"`

	// storage is what stands in the way of the page's session storage: "full", "forbidden" or nothing.
	storage string
	// deviating names the methods that the scenario has the host call in a way of its own.
	deviating map[string]bool
}

// Paced says whether scenarios may let time run ahead.
func (st *Stage) Paced() bool { return st.Desks.Paced() }

func (st *Stage) holds(requirement string) bool { return st.Holds == nil || st.Holds(requirement) }

func (st *Stage) pageConfig() pageConfig {
	c := pageConfig{Dialect: st.Dialect, Open: true, Widgets: 1, Listeners: "none", Options: map[string]any{}, deviating: map[string]bool{}}
	c.Integration = pageIntegration{Module: "/integration.js", Export: st.Integration.Export}
	if st.Integration.Export == "" {
		c.Integration = pageIntegration{Script: "/integration.js", Global: st.Integration.Global}
	}
	return c
}
