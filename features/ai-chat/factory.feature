Feature: Factory
  A page gives the chat a factory. The chat calls it once, with one parameters object, and keeps what it yields for every
  conversation of that page. Building the integration must be harmless: no session, no callback of a chat, no dependence
  on a desk that may be down.

  @FACT-01
  Scenario: The page registers a function under the key that the chat reads
    Given the chat is open
    Then the page has registered a function as the factory
    And the host has called "factory" 1 time

  @FACT-02
  Scenario: The factory takes one parameters object and the callback out of it
    Given the user is waiting for an agent
    When "Ann" joins
    Then "agentJoined" is called once within 2 seconds
    And the factory was called with exactly one argument

  @FACT-03
  Scenario: The factory yields an object with the three core methods
    Given the chat is open
    Then the integration is an object with the methods "startChat, endChat, sendMessageToAgent"

  @FACT-05
  Scenario Outline: Construction does not need the desk: <condition>
    Given <condition>
    When the user opens the chat
    Then "factory" is fulfilled within 5 seconds
    And the user can talk to the assistant

    Examples:
      | condition                     |
      | the desk cannot be reached    |
      | the desk never answers at all |

  @FACT-06
  Scenario: Construction opens no conversation and speaks of none
    Given the chat is open
    When 5 seconds pass
    Then the desk has no conversation
    And no callback has been called but "updateCapabilities, updatePersistedState, persistedState"

  @FACT-07
  Scenario Outline: The integration does without <what>
    Given the chat is open without <what>
    When the user requests an agent
    And "Ann" joins
    And "Ann" says "Hello there"
    Then the user reads "Hello there"
    When the user says "Hello to you"
    Then the desk has received "Hello to you"
    And the page shows no error

    Examples: parameters that a chat may not give
      | what                           |
      | the parameter "instance"       |
      | the parameter "persistedState" |

    Examples: callbacks that another dialect does not have
      | what                                                                      |
      | the callbacks "updateCapabilities, updatePersistedState, persistedState"  |
      | the callbacks "updateAgentAvailability, agentReadMessages, agentTyping"   |

  @FACT-07
  Scenario: Waiting information goes nowhere when the chat cannot show it
    Given the chat is open without the callbacks "updateAgentAvailability"
    When the user requests an agent
    And the desk reports position 2
    And "Ann" joins
    Then "agentJoined" is called within 2 seconds
    And the page shows no error

  @FACT-08
  Scenario: Every optional method is a function or is not there
    Given the chat is open
    Then each optional method of the integration is absent or a function

  @FACT-09
  Scenario: A replaced factory silences the old instance
    Given the user is talking to "Ann"
    When the page replaces the factory
    Then the host calls "endChat" once
    When the desk sends the line "Are you still there?" of "Ann" in conversation 1
    Then no callback is called for 15 seconds
    When the user requests an agent
    And "Bob" joins
    Then the user sees that "Bob" has joined

  @FACT-10
  Scenario: Two chats on one page keep to themselves
    Given two chats on one page
    And the user of chat 1 is talking to "Ann"
    And the user of chat 2 is talking to "Bob"
    When "Ann" says "For the first chat"
    And "Bob" says "For the second chat"
    Then the user of chat 1 reads "For the first chat" and not "For the second chat"
    And the user of chat 2 reads "For the second chat" and not "For the first chat"

  Rule: What the host does

    @FACT-04
    Scenario: One instance serves every chat of the page
      Given a scripted integration
      And the chat is closed
      Then the host has called "factory" 0 times
      When the user opens the chat
      And the user requests an agent
      And the user cancels the request
      And the user requests an agent
      And the user cancels the request
      Then the host has called "startChat" 2 times
      And the host has called "factory" 1 time
