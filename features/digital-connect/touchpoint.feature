Feature: The touchpoint
  The administrator of the account turns a touchpoint on and off, and says which files it takes. The connector cannot read that; it learns of it by what it is answered.

  @DC-CONV-13
  Scenario: A touchpoint that is off has no agents
    Given the touchpoint is off
    And Ann talks to the bot
    When Ann asks for an agent
    Then Ann is told that no agent can be had

  @DC-CONV-13
  Scenario: A touchpoint that Talkdesk does not know has no agents
    Given Talkdesk does not know the touchpoint
    And Ann talks to the bot
    When Ann asks for an agent
    Then Ann is told that no agent can be had
    And the connector has made 1 start call

  @DC-TOUCH-10
  Scenario: A touchpoint that is turned off keeps the conversations that it has
    Given Ann talks to an agent
    And Ben talks to the bot
    When the touchpoint is turned off
    And Ben asks for an agent
    Then Ben is told that no agent can be had
    When Ann says "Hello"
    Then the agent reads "Hello" from Ann
    When the agent says "Good morning" to Ann
    Then Ann sees "Good morning" from the agent

  @DC-TOUCH-09
  Scenario: A conversation that is started at another touchpoint is not for this connector
    Given Ann talks to an agent
    When Ann ends the chat
    Then the connector ends the conversation with Ann
    When an agent starts a conversation with Ann's address at the touchpoint "another"
    Then the connector answers the event with success
    When the agent of that conversation says "Not for you"
    Then the connector answers the event
    And Ann does not see "Not for you"

  @DC-CONV-17
  Scenario: An agent who starts a conversation does not get into that of somebody else
    Given Ann talks to an agent
    When an agent starts a conversation with "somebody.else@example.test"
    Then the connector answers the event with success
    When the agent of that conversation says "A secret for somebody else"
    Then the connector answers the event
    And Ann does not see "A secret for somebody else"
    When Ann says "Hello"
    Then the agent reads "Hello" from Ann
