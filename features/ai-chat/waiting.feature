Feature: Waiting
  While a request waits, a desk often knows the place in the queue or the minutes left. An integration may pass that on, in
  the chat's own words and units, for as long as it matters.

  @BANNER-03
  Scenario Outline: The chat's own name for <what>
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports <report>
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has a number "<name>"

    Examples:
      | what                  | report                | name     |
      | the place in the line | position 3            | position |
      | the minutes left      | a wait of 300 seconds | minutes  |

  @BANNER-04
  Scenario: Seconds become minutes
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports a wait of 90 seconds
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting time is between 1 and 2 minutes

  @BANNER-04
  Scenario: The first in line is number one
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 1
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has "position" 1

  @BANNER-04
  Scenario: What the desk does not know is left out
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 2
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has no "minutes"

  @BANNER-08
  Scenario: A chat that cannot show the wait is not told of it
    Given the user is waiting for an agent
    When the desk reports position 2
    And the desk reports a wait of 300 seconds
    And "Ann" joins
    Then "agentJoined" is called within 2 seconds
    And every callback that was called is one of this dialect
    And the page shows no error

  @BANNER-05
  Scenario: Waiting information ends when an agent joins
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 2
    And "Ann" joins
    And the desk still reports position 1 in conversation 1
    Then "updateAgentAvailability" has been called only between "startChat" and "agentJoined"

  @BANNER-05
  Scenario: Asking for availability is not waiting
    Given the chat is open
    When the user asks for an agent
    Then "updateAgentAvailability" has been called 0 times

  @BANNER-07
  Scenario: Each request shows its own figure
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 7
    Then "updateAgentAvailability" is called within 2 seconds
    When the user cancels the request
    And the user requests an agent
    And the desk reports position 7
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has "position" 7

  @BANNER-07
  Scenario: The same figure is not told twice
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 3
    And the desk reports position 3
    And the desk reports position 3
    And the desk reports position 2
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has "position" 2
    And "updateAgentAvailability" has been called 2 times since

  Rule: What the host does

    Background:
      Given a scripted integration
      And the chat is open
      And the user requests an agent

    @BANNER-01
    Scenario: A waiting banner with a way out, and no typing yet
      Then the user sees the waiting banner
      And the user cannot type a message
      And the user can cancel the request

    @BANNER-02
    Scenario Outline: Of what is known, the banner shows <shown>
      When the scripted integration calls "updateAgentAvailability" with [<given>]
      Then the user sees "<shown>" in the banner
      And the user does not see "<hidden>" in the banner

      Examples:
        | given                                                            | shown | hidden |
        | {"minutes": 12, "position": 34, "message": "All lines are busy"} | 12    | 34     |
        | {"position": 34, "message": "All lines are busy"}                | 34    | lines  |
        | {"message": "All lines are busy"}                                | lines | 34     |

    @BANNER-06
    Scenario: Each report replaces the one before
      When the scripted integration calls "updateAgentAvailability" with [{"minutes": 12}]
      And the scripted integration calls "updateAgentAvailability" with [{"message": "Almost there"}]
      Then the user sees "Almost there" in the banner
      And the user does not see "12" in the banner
