Feature: Receipts
  Each side may learn that the other has read its words. No chat that was looked at asks for it or shows it, so it may never
  be what something else waits for.

  @READ-01
  Scenario Outline: It may be told at any time that the user has read: <when>
    Given the integration notes what the user reads
    And <before>
    When the host calls "userReadMessages" 2 times at once
    Then each "userReadMessages" has returned a promise and thrown nothing
    And the page shows no error

    Examples:
      | when            | before                           |
      | before any chat | the chat is open                 |
      | while waiting   | the user is waiting for an agent |
      | in a chat       | the user is talking to "Ada"     |

  @READ-01
  Scenario: It may be told after the chat that the user has read
    Given the user is talking to "Ada"
    And the integration notes what the user reads
    When the user ends the chat
    And the host calls "userReadMessages" 1 time at once
    Then each "userReadMessages" has returned a promise and thrown nothing
    And the page shows no error

  @READ-01
  Scenario: What the user has read, the desk may know
    Given the user is talking to "Ada"
    And the integration notes what the user reads
    When "Ada" says "Please read the terms"
    Then the user reads "Please read the terms"
    When the host calls "userReadMessages" 1 time at once
    Then the desk knows that the user has read "Please read the terms"

  @READ-01
  Scenario: A chat that never says what the user reads is served all the same
    Given the chat is open without the method "userReadMessages"
    When the user requests an agent
    And "Ada" joins
    And "Ada" says 3 numbered lines
    Then the user reads the 3 numbered lines in order, each once
    When the user says "I have read them"
    Then the desk has received "I have read them"

  @READ-02
  Scenario: That the agent has read everything may be told, and then without arguments
    Given the user is talking to "Ada"
    And the integration tells what agents read
    When the user says "Is my order on its way?"
    Then the desk has received "Is my order on its way?"
    When "Ada" reads the messages
    Then "agentReadMessages" is called within 2 seconds
    And the user can type a message

  @READ-02
  Scenario: What an agent has read in part is not told
    Given the user is talking to "Ada"
    When the user says "First"
    And the user says "Second"
    Then the desk has received exactly
      | First  |
      | Second |
    When "Ada" reads no further than "First"
    Then "agentReadMessages" is not called

  @READ-02
  Scenario: Nothing waits for the agent to have read
    Given the user is talking to "Ada"
    When the user says "One"
    And the user says "Two"
    Then each "sendMessageToAgent" is fulfilled within 20 seconds
    And the desk has received exactly
      | One |
      | Two |

  Rule: What the host does

    @READ-02
    Scenario: The host shows nothing of it
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "agentReadMessages" with []
      Then the user sees nothing new
