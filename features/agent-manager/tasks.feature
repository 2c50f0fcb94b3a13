Feature: Offers, and the conversations that come of them

  The manager offers a conversation with taskRequest. The agent takes it, the desk says so with topicSubscription, and the manager hands the conversation over with onTopicData. An
  offer that nobody takes in its time is taken back with revokeTask; the protocol has no word for declining one.

  @AM-TASK-01
  Scenario: An offer is put before the agent, who can take it
    Given amy is ready
    When "Carla" asks for help
    Then amy sees an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}"}
      """

  @AM-TASK-01
  Scenario: An offer is put before an agent who talks to somebody else
    Given amy talks to "Dora"
    When "Carla" asks for help
    Then amy sees an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}"}
      """

  @AM-TASK-02
  Scenario: An offer is taken once, with the ids that it came with
    Given amy has an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${taskRequest.conversationId}", "taskId": "${taskRequest.taskId}"}
      """
    When 10 seconds pass
    Then amy's desk has sent "topicSubscription" 1 time

  @AM-TASK-02
  Scenario: An offer that comes again is another task
    Given amy has an offer from "Carla"
    And the offer runs out
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${taskRequest.taskId}"}
      """
    And amy's desk has sent "topicSubscription" 1 time

  @AM-TASK-03
  Scenario: Who takes an offer is named
    Given amy has an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"agentId": "${amy.id}", "topicParticipant": "<any>"}
      """

  @AM-TASK-03 @dialect:cx-2024 @dialect:seed
  Scenario: An offer is taken in its room
    Given amy has an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"roomInfo": "${taskRequest.roomInfo}"}
      """

  @AM-TASK-04
  Scenario: The agent is described as one who takes part
    Given amy has an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"topicParticipant": {"id": "<string>", "type": "AGENT", "state": "SUBSCRIBED",
        "participant": {"participantType": "CCUser", "id": "${amy.id}", "keycloakUser": {"id": "${amy.id}"}}}}
      """
    And amy is let into the conversation of "Carla"

  @AM-TASK-04
  Scenario: The agent takes part in each conversation as another participant
    Given amy talks to "Carla"
    And amy has an offer from "Dora"
    When amy accepts "Dora"
    Then amy's desk sends "topicSubscription"
    And each "topicSubscription" of amy's desk has a participant of its own

  @AM-TASK-05
  Scenario Outline: A task of the direction <direction> is taken as <role>
    Given amy is ready
    And "Carla" asks for help, for which agents are wanted as <direction>
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "topicParticipant": {"role": "<role>"}}
      """

    Examples:
      | direction          | role      |
      | INBOUND            | PRIMARY   |
      | OUTBOUND           | PRIMARY   |
      | DIRECT_TRANSFER    | PRIMARY   |
      | DIRECT_CONFERENCE  | PRIMARY   |
      | CONSULT            | ASSISTANT |
      | CONSULT_TRANSFER   | PRIMARY   |
      | CONSULT_CONFERENCE | PRIMARY   |

  @AM-TASK-05
  Scenario: A task of the direction SILENT_MONITOR is taken as SILENT_MONITOR
    Given monitoring begins with a task
    And ben talks to "Carla"
    And sue is ready
    When sue monitors "Carla"
    Then sue's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "topicParticipant": {"role": "SILENT_MONITOR"}}
      """

  @AM-TASK-06
  Scenario: Nobody takes an offer for the agent
    Given the desk leaves it to people to take offers
    And amy is ready
    When "Carla" asks for help
    Then amy's desk sends no "topicSubscription" for 3 seconds

  @AM-TASK-20
  Scenario: A desk may take offers by itself, if it says so
    Given the desk takes offers by itself
    And amy is ready
    When "Carla" asks for help
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${Carla.task}"}
      """

  @AM-TASK-07
  Scenario: A task that has begun is no offer
    Given amy is ready
    When "Carla" is given to amy
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${Carla.task}"}
      """
    And amy's desk has sent "topicSubscription" 1 time

  @AM-TASK-09
  Scenario: An offer that is taken back is gone, and no other is
    Given amy has an offer from "Carla"
    And amy has an offer from "Dora"
    When "Carla" leaves
    Then amy sees no offer from "Carla"
    And amy sees an offer from "Dora"
    When amy tries to accept "Carla"
    Then amy's desk sends no "topicSubscription"
    When amy accepts "Dora"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Dora.conversation}", "taskId": "${Dora.task}"}
      """

  @AM-TASK-09
  Scenario: An offer that runs out is gone
    Given an offer that runs out makes its agent not ready
    And amy has an offer from "Carla"
    When the offer runs out
    Then amy sees no offer from "Carla"
    When amy tries to accept "Carla"
    Then amy's desk sends no "topicSubscription"

  @AM-TASK-09
  Scenario: An offer for which nobody was found in time is gone
    Given amy has an offer from "Carla"
    When 21 seconds pass
    Then amy sees no offer from "Carla"
    When amy tries to accept "Carla"
    Then amy's desk sends no "topicSubscription"

  @AM-TASK-11
  Scenario: A conversation that is handed over is acknowledged
    Given amy has an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk has acknowledged "onTopicData" 1 time

  @AM-TASK-12
  Scenario: A conversation opens with its customer, and with all that was said
    Given amy is ready
    And "Carla" asks for help with "Where is my parcel?"
    And "Carla" says "It is a week late."
    When amy accepts "Carla"
    Then amy sees "Carla Customer"
    And amy sees "Where is my parcel?" in the conversation of "Carla"
    And amy sees "It is a week late." in the conversation of "Carla"
    When amy says "Let me look." to "Carla"
    Then "Carla" has received "Let me look."

  @AM-TASK-12
  Scenario: A conversation that was somebody else's opens with what that agent has said
    Given ben talks to "Carla"
    And ben says "I ask a colleague." to "Carla"
    And amy is ready
    When the manager signs ben out
    And amy accepts "Carla"
    Then amy sees "I ask a colleague." in the conversation of "Carla"

  @AM-TASK-13
  Scenario: A conversation that makes no sense is given back
    Given amy has an offer from "Carla"
    And the manager keeps back "onTopicData"
    When amy accepts "Carla"
    And the manager sends amy "onTopicData" with
      """json
      {"topicData": null, "conversationId": "${taskRequest.conversationId}", "roomInfo": "${taskRequest.roomInfo}", "taskId": "${taskRequest.taskId}"}
      """
    Then amy's desk sends "topicUnsubscription" with
      """json
      {"conversationId": "${Carla.conversation}"}
      """

  @AM-TASK-14
  Scenario: The first of two offers is taken, and the second left as it was
    Given amy has an offer from "Carla"
    And amy has an offer from "Dora"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${Carla.task}"}
      """
    And amy sees an offer from "Dora"
    When amy accepts "Dora"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Dora.conversation}", "taskId": "${Dora.task}"}
      """

  @AM-TASK-14
  Scenario: The second of two offers is taken, and the first left as it was
    Given amy has an offer from "Carla"
    And amy has an offer from "Dora"
    When amy accepts "Dora"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Dora.conversation}", "taskId": "${Dora.task}"}
      """
    And amy sees an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${Carla.task}"}
      """

  @AM-TASK-14
  Scenario: Of two conversations each has its own words
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When amy says "Your parcel is here." to "Carla"
    And amy says "Your lamp is here." to "Dora"
    And "Carla" says "I shall fetch it."
    Then "Carla" has received "Your parcel is here." 1 time
    And "Carla" has not received "Your lamp is here."
    And "Dora" has received "Your lamp is here." 1 time
    And "Dora" has not received "Your parcel is here."
    And amy sees "I shall fetch it." in the conversation of "Carla"
    And amy does not see "I shall fetch it." in the conversation of "Dora"

  @AM-TASK-15
  Scenario: A conversation that is handed over again is still one
    Given amy talks to "Carla"
    When the manager sends amy the last "onTopicData" again
    Then amy sees 1 conversation with "Carla"
    And amy sees "Hello, I need help." 1 time in the conversation of "Carla"

  @AM-TASK-15
  Scenario: After a loss of the connection a conversation is still one
    Given amy talks to "Carla"
    When the connection of amy's desk breaks
    Then amy's desk is let in again
    And amy sees 1 conversation with "Carla"
    And amy sees "Hello, I need help." 1 time in the conversation of "Carla"

  @AM-TASK-16
  Scenario: An offer does not outlast the connection
    Given amy has an offer from "Carla"
    When the connection of amy's desk breaks
    Then amy's desk is let in again
    And amy sees no offer from "Carla"
    When amy tries to accept "Carla"
    Then amy's desk sends no "topicSubscription"

  @AM-TASK-19
  Scenario: An offer need not have what not every offer has
    Given amy is ready
    When "Carla", who has no last name, asks for help
    Then amy sees an offer from "Carla"
    When amy accepts "Carla"
    Then amy's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}"}
      """
