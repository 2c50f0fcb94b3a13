package steps

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
)

// TestTheDeskIsKnownByAllItsNames wants the waits of a scenario to see the page's traffic with its desk under every name that leads there.
func TestTheDeskIsKnownByAllItsNames(t *testing.T) {
	desk, err := mockdesk.Open(mockdesk.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Close()) })
	w := &World{Scene: NewScene(t.Context(), "integration", Default), Desk: &Desk{Desk: driver.NewMock(desk, nil), mock: desk}}
	assert.Equal(t, []string{desk.SocketURL() + "/"}, w.DeskOrigins("ws", "wss"))

	authority, err := edge.NewAuthority()
	require.NoError(t, err)
	w.edge, err = edge.Open(authority, []edge.Name{{Host: "a.example"}, {Host: "b.example", Port: 8443}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.edge.Close()) })
	assert.Equal(t, []string{desk.SocketURL() + "/", "ws://a.example/", "wss://a.example/", "ws://b.example:8443/", "wss://b.example:8443/"}, w.DeskOrigins("ws", "wss"))
	assert.Equal(t, []string{desk.URL() + "/", "http://a.example/", "https://a.example/", "http://b.example:8443/", "https://b.example:8443/"}, w.DeskOrigins("http", "https"))

	w.refused(edge.Refusal{Address: "https://telemetry.example"})
	entries := w.Journal.Since(0)
	require.Len(t, entries, 1)
	assert.Equal(t, journal.Entry{Seq: 1, At: entries[0].At, Kind: journal.Refusal, From: journal.Page, To: journal.Kit, Name: "https://telemetry.example", Note: "not among desk.hosts: refused"}, entries[0])
}
