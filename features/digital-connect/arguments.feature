Feature: Arguments
  What the bot has learnt goes along with the start, under the names that the Studio flow gives to its arguments, and some of it is shown to the agent.

  @DC-ARG-01
  Scenario: An argument travels with the start, and the agent sees what the flow exposes
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | billing            |
      | Reason | the bill is wrong  |
    Then the start for Ann carries
      """json
      {"context_parameters": {"Intent": "billing", "Reason": "the bill is wrong"}}
      """
    And the agent sees the argument "Intent" with "billing"
    And the agent does not see the argument "Reason"

  @DC-ARG-02
  Scenario: Arguments are called as the flow calls them
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | billing           |
      | Reason | the bill is wrong |
    Then the connector starts a conversation for Ann
    And every argument is one of the flow

  @DC-CONV-06
  Scenario: Arguments are an object of names and values
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | billing |
    Then the connector starts a conversation for Ann
    And the start for Ann fits its schema

  @DC-ARG-03
  Scenario: Every value is text
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | 42 |
    Then the start for Ann carries
      """json
      {"context_parameters": {"Intent": "42"}}
      """

  @DC-ARG-07
  Scenario: What was said with the start is not said again, nor changed
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | billing |
    Then Ann talks to an agent in the end
    When Ann says "It is about my bill"
    Then the agent reads "It is about my bill" from Ann
    And no call has tried to change the conversation

  @DC-ARG-08
  Scenario: Nothing to tell is told by nothing
    Given Ann talks to the bot
    When Ann asks for an agent with no arguments
    Then the connector starts a conversation for Ann
    And the start for Ann carries no arguments, or none in them

  @DC-ARG-06
  Scenario: No secret is an argument
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | billing |
    Then the connector starts a conversation for Ann
    And no argument of Ann's start holds a secret
