Feature: A conversation from the bot to an agent and back
  A user talks to a bot and asks for a person. The connector opens a conversation at Talkdesk, carries every word in both directions, and closes it when either side is done.

  @DC-CONV-12 @page
  Scenario: Two turns in each direction, and the agent ends
    Given Ann talks to the bot
    When Ann asks for an agent
    Then the connector starts a conversation for Ann
    When Ann says "My lamp is broken"
    Then the agent reads "My lamp is broken" from Ann
    When the agent says "Which one is it?" to Ann
    Then Ann sees "Which one is it?" from the agent
    When Ann says "The green one"
    Then the agent reads "The green one" from Ann
    When the agent says "A new one is on its way" to Ann
    Then Ann sees "A new one is on its way" from the agent
    And the connector has started 1 conversation
    When the agent ends the conversation with Ann
    Then Ann is told that the conversation is over
    And every event was answered with success

  @DC-CONV-19 @page
  Scenario: The user ends, and comes back another time
    Given Ann talks to an agent
    When Ann ends the chat
    Then the connector ends the conversation with Ann
    When Ann asks for an agent again
    Then the connector starts a conversation for Ann
    And the new start has a key and an id of its own
    When Ann says "It broke again"
    Then the agent reads "It broke again" from Ann

  @DC-CONV-16 @page
  Scenario: Nothing announces a conversation that the connector has started itself
    Given Ann talks to the bot
    When Ann asks for an agent
    Then the connector starts a conversation for Ann
    When Ann says "Is anyone there?"
    Then the agent reads "Is anyone there?" from Ann
    And no event has been delivered
