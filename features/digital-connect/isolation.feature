Feature: Users are kept apart
  What is between one user and an agent is nobody else's, whatever comes at the same time and in whatever order.

  @DC-CONV-18 @page
  Scenario: Two users talk at the same time, each to their own agent
    Given Ann and Ben talk to agents
    When Ann says "Ann's number is 4711"
    And Ben says "Ben's number is 0815"
    Then the agent reads "Ann's number is 4711" from Ann
    And the agent reads "Ben's number is 0815" from Ben
    When the agent says "For Ann alone" to Ann
    And the agent says "For Ben alone" to Ben
    Then Ann sees "For Ann alone" from the agent
    And Ben sees "For Ben alone" from the agent
    And Ann does not see "For Ben alone"
    And Ben does not see "For Ann alone"
    And the agent has read "Ann's number is 4711" once

  @DC-CONV-18 @page
  Scenario: The end of one conversation is not that of another
    Given Ann and Ben talk to agents
    When the agent ends the conversation with Ann
    Then Ann is told that the conversation is over
    When Ben says "I am still here"
    Then the agent reads "I am still here" from Ben
    When the agent says "So am I" to Ben
    Then Ben sees "So am I" from the agent
    And Ann does not see "So am I"

  @DC-ACTION-14 @page
  Scenario: A message of a conversation that nobody knows reaches nobody
    Given Ann and Ben talk to agents
    When Talkdesk delivers "Who gets this?" for a conversation that nobody knows
    Then the connector answers the event
    And Ann does not see "Who gets this?"
    And Ben does not see "Who gets this?"

  @DC-ACTION-14 @page
  Scenario: A message of a conversation that is over reaches nobody
    Given Ann talks to an agent
    When Ann ends the chat
    Then the connector ends the conversation with Ann
    When Ann asks for an agent again
    Then Ann talks to an agent in the end
    When Talkdesk delivers "Too late" for the first conversation of Ann
    Then the connector answers the event
    And Ann does not see "Too late"

  @DC-MSG-03 @DC-MSG-09 @page
  Scenario: Conversations in turn, each word in its place
    Given 4 users talk to agents
    When each user says 5 lines at once
    And the agent says 5 lines to each user at once
    Then the agent reads the lines of each user in their order
    And each user sees the lines of the agent in their order
