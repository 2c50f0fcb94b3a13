Feature: Arguments
  What the bot has learnt goes along with the start, under the names that the Studio flow gives to its arguments, and some of it is shown to the agent.

  @DC-ARG-01 @DC-ARG-02 @DC-ARG-03 @DC-ARG-07
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
    And every argument is one of the flow

  @DC-ARG-03
  Scenario: Every value is text
    Given Ann talks to the bot
    When Ann asks for an agent with
      | Intent | 42 |
    Then the start for Ann carries
      """json
      {"context_parameters": {"Intent": "42"}}
      """

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
