Feature: States of the agent, and of the domains

  An agent is ready or not, and so is each of the agent's media routing domains: CHAT, say, and MAIL. The desk asks for a state with changeAgentState, and the manager answers
  with agentPresence what the states are now. What the desk shows is always the last answer, whatever was asked for.

  @AM-STATE-12
  Scenario: A desk shows the state that it is given first, and asks for no other
    Given the desk of amy is open
    When amy signs in
    Then amy sees the state NOT_READY
    And amy's desk sends no "changeAgentState" for 10 seconds

  @AM-STATE-17
  Scenario: What agentPresence says is shown
    Given amy is signed in
    When amy sets the state to READY
    Then amy sees the state READY

  @AM-STATE-17 @dialect:cx-2024 @dialect:legacy-2023
  Scenario: What agentPresence says is shown, also when nobody at the desk has asked for it
    Given an offer that runs out makes its agent not ready
    And amy has an offer from "Carla"
    When the offer runs out
    Then amy sees the state NOT_READY

  @AM-STATE-01
  Scenario: An agent becomes ready
    Given amy is signed in
    When amy sets the state to READY
    Then amy's desk sends "changeAgentState" with
      """json
      {"action": "agentState", "state": {"name": "READY"}}
      """

  @AM-STATE-01
  Scenario: An agent takes a break
    Given amy is ready
    When amy sets the state to NOT_READY
    Then amy's desk sends "changeAgentState" with
      """json
      {"action": "agentState", "state": {"name": "NOT_READY"}}
      """

  @AM-STATE-01
  Scenario: An agent goes home
    Given amy is signed in
    When amy signs out
    Then amy's desk sends "changeAgentState" with
      """json
      {"action": "agentState", "state": {"name": "LOGOUT"}}
      """

  @AM-STATE-02
  Scenario: A desk asks for the state of the one who has signed in
    Given amy is signed in
    When amy sets the state to READY
    Then amy's desk sends "changeAgentState" with
      """json
      {"agentId": "${amy.id}", "state": {"name": "READY"}}
      """

  @AM-STATE-02
  Scenario: A desk asks for the domains of the one who has signed in
    Given amy is ready
    When amy sets the domain CHAT to NOT_READY
    Then amy's desk sends "changeAgentState" with
      """json
      {"agentId": "${amy.id}", "state": "NOT_READY"}
      """

  @AM-STATE-03
  Scenario: Nobody needs a reason to be ready
    Given amy is signed in
    When amy sets the state to READY
    Then amy's desk gives no reason for READY

  @AM-STATE-03
  Scenario: The reason of a break is over when the break is
    Given amy is ready
    And amy sets the state to NOT_READY because of "Lunch"
    When amy sets the state to READY
    Then amy's desk gives no reason for READY

  @AM-STATE-04
  Scenario: A break has a full reason or none
    Given amy is ready
    When amy sets the state to NOT_READY because of "Lunch"
    Then amy's desk gives none but a full reason for NOT_READY

  @AM-STATE-04
  Scenario: Going home has a full reason or none
    Given amy is signed in
    When amy signs out because of "End of shift"
    Then amy's desk gives none but a full reason for LOGOUT

  @AM-STATE-05
  Scenario: An agent stops one kind of work
    Given amy is ready
    When amy sets the domain CHAT to NOT_READY
    Then amy's desk asks for NOT_READY in the domain CHAT

  @AM-STATE-05
  Scenario: An agent begins one kind of work
    Given amy is ready
    And amy sets the domain CHAT to NOT_READY
    When amy sets the domain CHAT to READY
    Then amy's desk asks for READY in the domain CHAT

  @AM-STATE-06
  Scenario: Who is not ready is ready for no kind of work
    Given amy is signed in
    When amy tries to set the domain CHAT to READY
    Then amy's desk sends no "changeAgentState"

  @AM-STATE-09
  Scenario: A state that was refused is not shown
    Given amy is signed in
    And the manager refuses every change of state
    When amy sets the state to READY
    Then amy sees the state NOT_READY
    When amy sets the state to READY
    Then amy's desk sends "changeAgentState" with
      """json
      {"state": {"name": "READY"}}
      """

  @AM-STATE-09
  Scenario: A break that was refused is not shown
    Given amy is ready
    And the manager refuses every change of state
    When amy sets the state to NOT_READY
    Then amy sees the state READY

  @AM-STATE-11
  Scenario: All domains follow the agent
    Given amy is ready
    When amy sets the state to NOT_READY
    Then amy sees the state NOT_READY
    And amy does not see the domain CHAT as READY
    And amy does not see the domain MAIL as READY

  @AM-STATE-11
  Scenario: A domain follows the agent while a conversation goes on in it
    Given amy talks to "Carla"
    When amy sets the state to NOT_READY
    Then amy sees the state NOT_READY
    And amy does not see the domain CHAT as READY
    And amy does not see the domain CHAT as ACTIVE

  @AM-STATE-13
  Scenario: Who is signed out by a supervisor is out
    Given amy is ready
    When the manager signs amy out
    Then amy's desk closes its socket
    And amy's desk makes no handshake for 10 seconds
    And amy's desk has 0 open sockets

  @AM-STATE-13
  Scenario: Who signs out is out when the manager says so
    Given amy is ready
    When amy signs out
    Then amy's desk closes its socket
    And amy's desk makes no handshake for 10 seconds
    And amy's desk has 0 open sockets

  @AM-STATE-14
  Scenario: The manager is told before the socket is closed
    Given amy is ready
    When amy signs out
    Then amy's desk sends "changeAgentState" with
      """json
      {"action": "agentState", "state": {"name": "LOGOUT"}}
      """
    And amy's desk sends "changeAgentState" before it closes its socket

  @AM-STATE-15
  Scenario Outline: A domain that is <state> keeps nobody from work in another
    Given amy is signed in
    When the domain MAIL of amy is <state>
    And amy is ready
    Then amy sees the state READY
    When "Carla" asks for help
    And amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}"}
      """

    Examples:
      | state             |
      | LOGOUT            |
      | LOGIN             |
      | NOT_READY         |
      | PENDING_NOT_READY |
      | READY             |
      | INTERRUPTED       |
      | ACTIVE            |
      | BUSY              |
      | UNKNOWN           |
      | RESERVED          |

  @AM-STATE-16
  Scenario: One change waits for the answer to the other
    Given amy is signed in
    And the manager keeps back "agentPresence"
    When amy sets the state to READY
    And 2 seconds pass
    And amy tries to set the state to READY
    Then amy's desk has sent "changeAgentState" 1 time since then
    When the manager lets go of "agentPresence"
    Then amy sees the state READY
