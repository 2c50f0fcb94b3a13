Feature: Callbacks
  The callback object is the integration's only way to speak to the chat. It has rules of its own.

  @CB-01
  Scenario: Callbacks are called on their object
    Given the user is waiting for an agent
    When the desk reports position 2
    And "Ann" joins
    And "Ann" types
    And "Ann" says "Hello"
    And "Ann" leaves
    And the conversation is closed at the desk
    Then "agentEndedChat" is called within 2 seconds
    And every callback was called on the callback object

  @CB-02
  Scenario: What a callback returns may be no promise
    Given the chat is an early web chat
    And the user is waiting for an agent
    When the desk reports position 2
    And "Ann" joins
    And "Ann" types
    And "Ann" says "Hello"
    And "Ann" leaves
    And the conversation is closed at the desk
    Then "agentEndedChat" is called within 2 seconds
    And the user reads "Hello"
    And the page shows no error

  @CB-03
  Scenario Outline: A rejected "<callback>" does not silence the ones that follow
    Given the host rejects call 1 of "<callback>"
    And the chat is open
    When the user requests an agent
    And "Ann" joins
    And "Ann" says "Into the void"
    And "Ann" says "Out of the void"
    Then the user reads "Out of the void"
    And the page shows no error

    Examples:
      | callback          |
      | agentJoined       |
      | sendMessageToUser |

  @CB-04
  Scenario: Only callbacks of this dialect are called
    Given the user is waiting for an agent
    When the desk reports a wait of 60 seconds
    And "Ann" joins
    And "Ann" types
    And "Ann" says "Hello"
    And "Ann" stops typing
    And "Ann" leaves
    And the conversation is closed at the desk
    Then "agentEndedChat" is called within 2 seconds
    And every callback that was called is one of this dialect

  @CB-05
  Scenario: A new instance speaks through its own callback
    Given the user is talking to "Ann"
    When the page replaces the factory
    And the user requests an agent
    And "Bob" joins
    And "Bob" says "On the new line"
    Then the user reads "On the new line"
    And every callback since was called on the new instance's callback
