Feature: Leaving a conversation

  An agent asks to leave; the conversation ends for the agent when the manager says so, and so it does when nobody has asked. Other conversations go on.

  @AM-LEAVE-01
  Scenario: The desk asks to leave
    Given amy talks to "Carla"
    When amy leaves "Carla"
    Then amy's desk sends "topicUnsubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "agentId": "${amy.id}"}
      """

  @AM-LEAVE-03
  Scenario: The conversation stays until the manager says that it is over
    Given amy talks to "Carla"
    And amy talks to "Dora"
    And the manager keeps back "topicUnsubscription"
    When amy leaves "Carla"
    And 2 seconds pass
    Then amy sees the conversation of "Carla"
    When the manager lets go of "topicUnsubscription"
    Then amy does not see the conversation of "Carla"
    And amy sees the conversation of "Dora"

  @AM-LEAVE-03
  Scenario: It is over too when nobody has asked
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When the manager closes the conversation of "Carla" because of "UNSUBSCRIBED"
    Then amy does not see the conversation of "Carla"
    And amy sees the conversation of "Dora"

  @AM-LEAVE-04
  Scenario: Nothing is sent for a conversation that was left
    Given amy talks to "Carla"
    And "Carla" says "Thank you, that is all."
    And amy types "Good b" to "Carla" without sending it
    When amy leaves "Carla"
    Then amy's desk sends "topicUnsubscription"
    When 10 seconds pass
    Then amy's desk sends nothing about "Carla"

  @AM-LEAVE-05
  Scenario: A topic that is closed is over as well
    Given amy talks to "Carla"
    When the manager sends amy "topicClosed" with
      """json
      {"task": "topicClosed", "conversationId": "${Carla.conversation}", "statusCode": 200}
      """
    Then amy does not see the conversation of "Carla"

  @AM-LEAVE-06
  Scenario: The end of a conversation that the desk does not have does no harm
    Given amy talks to "Carla"
    When the manager sends amy "topicUnsubscription" with
      """json
      {"task": "topicUnsubscription", "conversationId": "there-is-none", "reason": "UNSUBSCRIBED", "statusCode": 200}
      """
    Then no error is uncaught on amy's desk
    And amy can say "I am still here." to "Carla"
    When "Dora" asks for help
    Then amy sees an offer from "Dora"
    When amy accepts "Dora"
    Then amy's desk sends "topicSubscription"

  @AM-LEAVE-07
  Scenario: The agent reads why a conversation is over
    Given amy talks to "Carla"
    When the manager closes the conversation of "Carla" because of "The shop has closed"
    Then amy sees "The shop has closed"

  @AM-LEAVE-08
  Scenario: One conversation goes on when another is left
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When amy leaves "Carla"
    Then amy's desk sends "topicUnsubscription"
    When "Dora" says "Are you there?"
    Then amy sees "Are you there?" in the conversation of "Dora"
    And amy can say "Yes, I am." to "Dora"
