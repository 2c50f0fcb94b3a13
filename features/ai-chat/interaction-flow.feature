Feature: Interaction flow
  The documented path of a hand-off, from the page that loads to the end of the conversation: twelve steps, each of which
  rests on the ones before. Read this feature first; the others look at each step more closely.

  @FACT-04
  Scenario: 1. The chat creates one instance of the integration through the factory
    When the user opens the chat
    Then the host calls "factory" once
    And the integration is an object with the methods "startChat, endChat, sendMessageToAgent"

  @AVAIL-02
  Scenario: 2. The assistant answers the user with an offer to connect to an agent
    Given the chat is open
    When the user asks for an agent
    Then the user sees the connect card

  @AVAIL-03
  Scenario: 3. The chat asks the integration whether any agents are online
    Given the chat is open
    And the integration can check availability
    And the desk says that agents are online
    When the user asks for an agent
    Then the host calls "areAnyAgentsOnline" once
    And "areAnyAgentsOnline" is fulfilled with true within 5 seconds

  @FLOW-01
  Scenario: 4. The user requests an agent
    Given the chat is open
    When the user requests an agent
    Then the host calls "startChat" once

  @FLOW-03
  Scenario: 5. The integration asks the desk for a new conversation
    Given the chat is open
    When the user requests an agent
    Then the desk has 1 open conversation
    And "startChat" is fulfilled within 15 seconds

  @BANNER-01
  Scenario: 6. A banner says that the user is being connected
    Given the chat is open
    When the user requests an agent
    Then the user sees the waiting banner
    And the user cannot type a message

  @BANNER-03
  Scenario: 7. The integration says how long the wait is
    Given the user is waiting for an agent
    And the integration reports waiting times
    When the desk reports position 4
    Then "updateAgentAvailability" is called within 2 seconds
    And the waiting information has "position" 4
    And the user sees "4" in the banner

  @JOIN-01
  Scenario: 8. An agent joins
    Given the user is waiting for an agent
    When "Ann" joins
    Then "agentJoined" is called within 2 seconds with
      """json
      [{"id": "<string>", "nickname": "<string>"}]
      """
    And the user sees that "Ann" has joined

  @MSG-01
  Scenario: 9. The agent writes to the user
    Given the user is talking to "Ann"
    When "Ann" says "Good morning, how can I help?"
    Then the user reads "Good morning, how can I help?"

  @SEND-02
  Scenario: 10. The user writes to the agent
    Given the user is talking to "Ann"
    When the user says "My order never arrived."
    Then the desk has received "My order never arrived."
    And "sendMessageToAgent" is fulfilled within 20 seconds

  @LIFE-06
  Scenario: 11. The user ends the chat
    Given the user is talking to "Ann"
    When the user ends the chat
    Then the host calls "endChat" once
    And "endChat" is fulfilled within 5 seconds

  @LIFE-08
  Scenario: 12. The desk learns that the conversation is over
    Given the user is talking to "Ann"
    When the user ends the chat
    Then the conversation is over at the desk within 5 seconds
