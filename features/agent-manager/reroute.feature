Feature: Transfer, conference and consulting

  An agent hands a customer over to another, asks another one in, or asks for advice. The desk says whom it looks for; the manager finds somebody, offers the conversation and lets offers run
  out like any other.

  @AM-REROUTE-01
  Scenario: A colleague of a queue is asked into the conversation
    Given amy talks to "Carla"
    And ben is ready
    When amy shares "Carla" with the queue "Billing"
    Then amy's desk asks for the queue "Billing" with "directConferenceRequest"
    And ben sees an offer from "Carla"

  @AM-REROUTE-02
  Scenario: The conversation is handed over to a queue
    Given amy talks to "Carla"
    And ben is ready
    When amy transfers "Carla" to the queue "Billing"
    Then amy's desk asks for the queue "Billing" with "directTransferRequest"
    And amy's desk sends no "directConferenceRequest"
    And ben sees an offer from "Carla"

  @AM-REROUTE-03
  Scenario Outline: The request names the agent's own part in that conversation, and a session of it: <which> of two
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When amy transfers "<customer>" to the queue "Billing"
    Then amy's desk sends "directTransferRequest" with
      """json
      {
        "agentParticipant": {
          "id": "${<customer>.onTopicData.topicData.topicParticipant.id}",
          "conversationId": "${<customer>.conversation}",
          "participant": {"id": "${amy.id}"}
        },
        "channelSession": {"id": "${<customer>.session}"}
      }
      """

    Examples:
      | which      | customer |
      | the first  | Carla    |
      | the second | Dora     |

  @AM-REROUTE-03
  Scenario: So does the request for a colleague
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When amy shares "Dora" with the queue "Billing"
    Then amy's desk sends "directConferenceRequest" with
      """json
      {
        "agentParticipant": {"id": "${Dora.onTopicData.topicData.topicParticipant.id}", "conversationId": "${Dora.conversation}"},
        "channelSession": {"id": "${Dora.session}"}
      }
      """

  @AM-REROUTE-04
  Scenario: A conversation is handed over to one who is named
    Given amy talks to "Carla"
    And ben is ready
    When amy transfers "Carla" to the agent ben
    Then amy's desk sends "directTransferRequest" with
      """json
      {"mode": "agent", "requestedAgentId": "${ben.id}", "offerToAgent": true}
      """
    And ben sees an offer from "Carla"

  @AM-REROUTE-04
  Scenario: One who is named is asked in
    Given amy talks to "Carla"
    And ben is ready
    When amy shares "Carla" with the agent ben
    Then amy's desk sends "directConferenceRequest" with
      """json
      {"mode": "agent", "requestedAgentId": "${ben.id}", "offerToAgent": true}
      """
    And ben sees an offer from "Carla"

  @AM-REROUTE-05
  Scenario: While one request is under way there is no second
    Given amy talks to "Carla"
    When amy shares "Carla" with the queue "Nobody"
    And amy tries to share "Carla" with the queue "Nobody"
    Then amy's desk has sent "directConferenceRequest" 1 time

  @AM-REROUTE-06
  Scenario: Nothing is published into a conversation that was handed over
    Given amy talks to "Carla"
    And "Carla" says "It is order 1042."
    And amy types "Let me hand" to "Carla" without sending it
    When amy transfers "Carla" to the queue "Billing"
    Then amy's desk sends "directTransferRequest"
    When the manager sends amy the last "onCimEvent" again
    And 10 seconds pass
    Then amy's desk sends nothing about "Carla"

  @AM-REROUTE-06
  Scenario: It is gone when the manager says that it was transferred
    Given amy talks to "Carla"
    And amy talks to "Dora"
    When amy transfers "Carla" to the queue "Billing"
    Then amy does not see the conversation of "Carla"
    And amy sees the conversation of "Dora"

  @AM-REROUTE-07
  Scenario: Whoever asks a colleague in stays in the conversation, before and after the colleague comes
    Given amy talks to "Carla"
    When amy shares "Carla" with the queue "Billing"
    Then amy's desk sends no "topicUnsubscription"
    And amy can say "A colleague will join us." to "Carla"
    Given ben is ready
    When ben accepts "Carla"
    Then amy sees ben among those in the conversation of "Carla"
    And amy can say "This is Ben." to "Carla"
    And amy's desk sends no "topicUnsubscription"
    When ben leaves "Carla"
    Then amy does not see ben among those in the conversation of "Carla"
    And amy can say "Anything else?" to "Carla"

  @AM-REROUTE-08
  Scenario: The agent is told that the request was placed
    Given amy talks to "Carla"
    And the manager keeps back "agentAssistanceRequestPlaced"
    And the manager keeps back "onCimEvent"
    When amy shares "Carla" with the queue "Nobody"
    And amy looks at the desk
    And the manager lets go of "agentAssistanceRequestPlaced"
    Then amy sees something new

  @AM-REROUTE-08
  Scenario: The agent is told that the request waits in a queue
    Given amy talks to "Carla"
    And the manager keeps back "onCimEvent"
    When amy shares "Carla" with the queue "Nobody"
    And amy looks at the desk
    And the manager lets go of "onCimEvent"
    Then amy sees something new

  @AM-REROUTE-08
  Scenario: The agent is told that nobody has come
    Given amy talks to "Carla"
    When amy shares "Carla" with the queue "Nobody"
    And amy looks at the desk
    And 21 seconds pass
    Then amy sees something new

  @AM-REROUTE-10
  Scenario: A colleague is asked for advice, and gives it to the agent alone
    Given amy talks to "Carla"
    And ben is ready
    When amy consults the queue "Billing" about "Carla"
    Then amy's desk asks for the queue "Billing" with "consultRequest"
    When ben accepts "Carla"
    Then amy sees ben among those in the conversation of "Carla"
    When ben whispers "She has paid." about "Carla"
    Then amy sees "She has paid." in the conversation of "Carla"
    And "Carla" has not received "She has paid."

  @AM-REROUTE-10
  Scenario: The one who gave advice takes over
    Given amy talks to "Carla"
    And ben gives amy advice about "Carla"
    When amy hands "Carla" over to the consulted ben
    Then amy's desk sends "consultTransferRequest" with
      """json
      {"conversationId": "${Carla.conversation}", "mode": "agent", "requestedAgentId": "${ben.id}", "offerToAgent": false}
      """
    And ben can say "I go on from here." to "Carla"

  @AM-REROUTE-10
  Scenario: The one who gave advice joins in
    Given amy talks to "Carla"
    And ben gives amy advice about "Carla"
    When amy makes the consulted ben a full participant in "Carla"
    Then amy's desk sends "consultConferenceRequest" with
      """json
      {"agentParticipant": {"conversationId": "${Carla.conversation}", "participant": {"id": "${amy.id}"}}, "channelSession": {"id": "${Carla.session}"}}
      """
    And ben can say "I am here too." to "Carla"
    And amy can say "The two of us." to "Carla"

  @AM-REROUTE-11
  Scenario: Whoever takes over after giving advice goes on under the new task
    Given amy talks to "Carla"
    And ben gives amy advice about "Carla"
    When amy hands "Carla" over to the consulted ben
    And the connection of ben's desk breaks
    And 10 seconds pass
    Then ben's desk is let in again
    And ben's desk names no task but the one that was handed over with "Carla"
    And ben can say "I am back." to "Carla"

  @AM-REROUTE-12
  Scenario Outline: What a colleague <passes on> is offered and taken like any other
    Given amy talks to "Carla"
    And ben is ready
    When amy <passes it on> the queue "Billing"
    Then ben sees an offer from "Carla"
    When ben accepts "Carla"
    Then ben's desk sends "topicSubscription" with
      """json
      {"conversationId": "${Carla.conversation}", "taskId": "${taskRequest.taskId}", "topicParticipant": {"role": "PRIMARY"}}
      """
    And ben sees "Hello, I need help." in the conversation of "Carla"
    And ben can say "I am Ben." to "Carla"

    Examples:
      | passes on | passes it on         |
      | transfers | transfers "Carla" to |
      | shares    | shares "Carla" with  |
