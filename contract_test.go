package deskcheck_test

import (
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSecondContractHasItsOwn(t *testing.T) {
	c, err := deskcheck.Config{Contract: "agent-manager"}.ForReading()
	require.NoError(t, err)
	assert.Equal(t, "cx-2024", c.Dialect)
	trace, err := deskcheck.ReadTraceability(c)
	require.NoError(t, err)
	assert.Len(t, trace.Requirements, 133)
	assert.Equal(t, "agent desk", trace.Subject())
	assert.Equal(t, "desks/reference", trace.Reference())
	assert.Len(t, trace.ProfileInfos("cx-2024"), 9)
	for _, capability := range trace.Capabilities() {
		assert.Equal(t, capability.Name == "core" || capability.Name == "auto-answer", len(capability.Shows) == 0, "%s: %v", capability.Name, capability.Shows)
	}
	e, err := trace.Explain("am-task-02")
	require.NoError(t, err)
	assert.Equal(t, "AM-TASK-02", e.Requirement.ID)
	said, err := deskcheck.Steps(c)
	require.NoError(t, err)
	assert.NotEmpty(t, said)
}

func TestAConfigurationTurnsToAnotherContract(t *testing.T) {
	c := deskcheck.DefaultConfig().For("agent-manager")
	assert.Equal(t, []string{"agent-manager", "cx-2024", "browser"}, []string{c.Contract, c.Dialect, c.Host})
	c.Dialect = "seed"
	assert.Equal(t, "seed", c.For("agent-manager").Dialect, "what it has stays")
	assert.Equal(t, deskcheck.DefaultConfig(), c.For("ai-chat"))
	connector := deskcheck.DefaultConfig().For("digital-connect")
	assert.Equal(t, []int{4, 6, 4}, []int{c.Workers, connector.Workers, connector.For("ai-chat").Workers}, "how many run side by side if nobody says is the contract's")
	c.Workers = 3
	assert.Equal(t, 3, c.For("digital-connect").Workers, "what somebody has said stays")
}

func TestEveryContractKnowsItsDialects(t *testing.T) {
	c, err := deskcheck.Config{}.ForReading()
	require.NoError(t, err)
	assert.Equal(t, "ai-chat", c.Dialect)
	c, err = deskcheck.Config{Contract: "agent-manager", Dialect: "seed"}.ForReading()
	require.NoError(t, err)
	assert.Equal(t, "seed", c.Dialect)
	for _, wrong := range []deskcheck.Config{{Contract: "agent-manger"}, {Contract: "agent-manager", Dialect: "web-chat"}, {Dialect: "seed"}} {
		_, err = wrong.ForReading()
		require.Error(t, err)
		assert.Equal(t, 2, deskcheck.ExitCode(err))
	}
}

func TestAnIDBelongsToAContract(t *testing.T) {
	for id, contract := range map[string]string{"AM-TASK-02": "agent-manager", "am-cim-99": "agent-manager", "FLOW-03": "ai-chat", "flow-3": "ai-chat", "nothing": "ai-chat", "": "ai-chat"} {
		assert.Equal(t, contract, deskcheck.ContractOf(id), id)
	}
}
