package agentmanager

import (
	"crypto/rand"

	"deskcheck/mockdesk/agentmanager"
)

// The people of every scenario. amy and ben work in one team, sue supervises it, dan works in another.
var castOf = []agentmanager.Account{
	{Username: "amy", FirstName: "Amy", LastName: "Adams", Team: "team-one"},
	{Username: "ben", FirstName: "Ben", LastName: "Baker", Team: "team-one"},
	{Username: "dan", FirstName: "Dan", LastName: "Dyer", Team: "team-two"},
	{Username: "sue", FirstName: "Sue", LastName: "Stone", Team: "team-one", Supervises: []string{"team-one"}},
}

// The queues, and who works for them, and the lists that requests can be taken from.
var (
	queuesOf = []struct {
		name    string
		members []string
	}{{"Support", []string{"amy", "ben", "dan"}}, {"Billing", []string{"ben"}}, {"Nobody", []string{"dan"}}}
	listsOf = []string{"Callbacks"}
)

// domains are the media routing domains of every agent.
func domains() []agentmanager.Domain {
	return []agentmanager.Domain{
		{ID: "mrd-chat-1", Name: "CHAT", Description: "Text channels", Interruptible: true, MaxTasks: 3},
		{ID: "mrd-mail-2", Name: "MAIL", Description: "Letters", Interruptible: true, MaxTasks: 5},
	}
}

// people are the names of the cast.
func people() []string {
	var names []string
	for _, a := range castOf {
		names = append(names, a.Username)
	}
	return names
}

// newPassword is one that stands nowhere by chance.
func newPassword() string { return "pw-" + rand.Text() }

// cast makes the manager with its people and queues, once.
func (p *Player) cast() error {
	if p.manager != nil {
		return nil
	}
	m, err := agentmanager.New(p.options)
	if err != nil {
		return acts("start the agent manager", err)
	}
	p.manager = m
	for _, account := range castOf {
		account.Password = p.password
		if _, err := m.AddAgent(account); err != nil {
			return acts("add "+account.Username, err)
		}
	}
	for _, q := range queuesOf {
		if p.queues[q.name], err = m.AddQueue(q.name, q.members...); err != nil {
			return acts("add the queue "+q.name, err)
		}
	}
	for _, name := range listsOf {
		if _, err := m.AddList(name, "Requests that wait to be taken"); err != nil {
			return acts("add the list "+name, err)
		}
	}
	return nil
}
