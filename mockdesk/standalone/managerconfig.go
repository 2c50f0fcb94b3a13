package standalone

import (
	"fmt"
	"slices"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/floor"
)

// ManagerConfig is what desk.yaml says where it is about an agent manager.
type ManagerConfig struct {
	// Listen is where is listened; Control is about who may call the control API.
	Listen  Listen  `yaml:"listen"`
	Control Control `yaml:"control"`
	// Base is the path below which desks find the login and the sockets.
	Base string `yaml:"base"`
	// Dialect is the variant of the contract, Switches what the manager does otherwise.
	Dialect  string   `yaml:"dialect"`
	Switches Switches `yaml:"switches"`
	// Timing, Clock and Journal are how long things take, how time passes, and how the journal is kept.
	Timing  managerapi.Timing   `yaml:"timing"`
	Clock   api.NewClock        `yaml:"clock"`
	Journal api.JournalSettings `yaml:"journal"`
	// The rest is who and what is there from the start; nil leaves it to the floor.
	Agents   []managerapi.NewAgent `yaml:"agents"`
	Queues   []managerapi.NewQueue `yaml:"queues"`
	Lists    []managerapi.NewList  `yaml:"lists"`
	Domains  []managerapi.Domain   `yaml:"domains"`
	Channels []managerapi.Channel  `yaml:"channels"`
	// Demo has a customer come whenever an agent is ready and has nothing to do.
	Demo bool `yaml:"-"`
}

// Switches change what the manager of a dialect does; what is left out stays.
type Switches struct {
	CIMEncoding    agentmanager.Encoding    `yaml:"cim-encoding"`
	MonitorFlow    agentmanager.MonitorFlow `yaml:"monitor-flow"`
	WrapUpUnit     agentmanager.Unit        `yaml:"wrap-up-unit"`
	WrapUp         *bool                    `yaml:"wrap-up"`
	NotReadyOnRONA *bool                    `yaml:"not-ready-on-rona"`
	ReadyDomains   *bool                    `yaml:"ready-domains"`
	BareRevoke     *bool                    `yaml:"bare-revoke"`
	NoTopicClosed  *bool                    `yaml:"no-topic-closed"`
}

// apply changes switches.
func (s Switches) apply(to *agentmanager.Switches) {
	set(&to.CIMEncoding, orNil(s.CIMEncoding))
	set(&to.MonitorFlow, orNil(s.MonitorFlow))
	set(&to.WrapUpUnit, orNil(s.WrapUpUnit))
	set(&to.WrapUp, s.WrapUp)
	set(&to.NotReadyOnRONA, s.NotReadyOnRONA)
	set(&to.ReadyDomains, s.ReadyDomains)
	set(&to.BareRevoke, s.BareRevoke)
	set(&to.NoTopicClosed, s.NoTopicClosed)
}

// set gives a switch a value, unless that is nil.
func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// orNil is nil for an empty word.
func orNil[T ~string](word T) *T {
	if word == "" {
		return nil
	}
	return &word
}

var managerSchema = compiled("manager.schema.json", ManagerSchema)

// ManagerSchema is the JSON Schema of desk.yaml where it is about an agent manager.
func ManagerSchema() ([]byte, error) { return fixtures.ReadFile("schemas/manager.schema.json") }

// LoadManager reads desk.yaml of an agent manager. Its error is as that of Load.
func LoadManager(path string) (ManagerConfig, error) {
	c, _, err := load(path, managerSchema, `"deskcheck desk schema manager" describes every key`, ManagerConfig.misfits)
	return c, err
}

// misfits finds what is no address, names that are taken twice, and names of what there is not.
func (c ManagerConfig) misfits() []document.Problem {
	problems := c.Listen.misfits()
	wrong := func(key, message string, args ...any) {
		problems = append(problems, document.Problem{Key: key, Message: fmt.Sprintf(message, args...)})
	}
	twice := func(of, field, what string, names []string) {
		for i, name := range names {
			if slices.Index(names, name) < i {
				wrong(fmt.Sprintf("%s[%d].%s", of, i, field), "there is %s %s already", what, name)
			}
		}
	}
	people := names(c.Agents, func(a managerapi.NewAgent) string { return a.Username })
	domains := names(c.Domains, func(d managerapi.Domain) string { return d.ID })
	twice("agents", "username", "an agent", people)
	twice("queues", "name", "a queue", names(c.Queues, func(q managerapi.NewQueue) string { return q.Name }))
	twice("lists", "name", "a list", names(c.Lists, func(l managerapi.NewList) string { return l.Name }))
	twice("domains", "id", "a domain", domains)
	twice("channels", "name", "a channel", names(c.Channels, func(one managerapi.Channel) string { return one.Name }))
	if c.Agents == nil {
		people = names(floor.DefaultAgents(), func(a managerapi.NewAgent) string { return a.Username })
	}
	for i, q := range c.Queues {
		for j, username := range q.Agents {
			if !slices.Contains(people, username) {
				wrong(fmt.Sprintf("queues[%d].agents[%d]", i, j), "there is no agent %s", username)
			}
		}
	}
	for i, one := range c.Channels {
		if !slices.Contains(domains, one.Domain) {
			wrong(fmt.Sprintf("channels[%d].domain", i), "there is no domain %s; list it among the domains", one.Domain)
		}
	}
	return problems
}

// names are what things are called.
func names[T any](of []T, name func(T) string) []string {
	all := make([]string, 0, len(of))
	for _, one := range of {
		all = append(all, name(one))
	}
	return all
}

// floor is the configuration as the floor has it.
func (c ManagerConfig) floor() floor.Config {
	return floor.Config{
		Base: c.Base, Dialect: agentmanager.Dialect(c.Dialect), Switches: c.Switches.apply, Timing: c.Timing, Clock: c.Clock, Journal: c.Journal, Domains: c.Domains, Channels: c.Channels,
		Agents: c.Agents, Queues: c.Queues, Lists: c.Lists, Demo: c.Demo,
	}
}
