Feature: Joining
  An agent arrives: the user learns who it is, once, before the agent's first word.

  @JOIN-01
  Scenario: The profile has an id and a nickname
    Given the user is waiting for an agent
    When "Ann" joins
    Then "agentJoined" is called within 2 seconds with
      """json
      [{"id": "<string>", "nickname": "<string>"}]
      """

  @JOIN-02
  Scenario: The profile says that a person joined
    Given the user is waiting for an agent
    When "Ann" joins
    Then "agentJoined" is called within 2 seconds with
      """json
      [{"user_type": "human"}]
      """

  @JOIN-03
  Scenario Outline: A picture is <kind>
    Given the user is waiting for an agent
    When "Ann" joins with the picture "<picture>"
    Then "agentJoined" is called within 2 seconds
    And the picture of the profile is absent or an absolute address

    Examples:
      | kind             | picture                   |
      | a full address   | https://desk.test/ann.png |
      | a relative path  | /avatars/ann.png          |
      | an empty address |                           |

  @JOIN-04
  Scenario: Speaking and typing are not arriving
    Given the user is talking to "Ann"
    When "Ann" types
    And "Ann" says "One"
    And "Ann" says "Two"
    And "Ann" stops typing
    Then the user reads "Two"
    And "agentJoined" has been called 1 time

  @JOIN-04
  Scenario: Presence is not arriving
    Given the user is talking to "Ann"
    When the desk repeats 3 times that "Ann" is present
    And 20 seconds pass
    Then "agentJoined" has been called 1 time

  @JOIN-04
  Scenario: Coming back on the line is not arriving
    Given the user is talking to "Ann"
    When the link drops
    And the integration has found its way back
    And "Ann" says "Can you hear me?"
    Then the user reads "Can you hear me?"
    And "agentJoined" has been called 1 time

  @JOIN-05
  Scenario: An agent keeps one id, and two agents have two
    Given the user is talking to "Ann"
    When "Ann" says "I will get Bob"
    And "Ann" leaves
    And "Bob" joins
    And "Bob" says "Bob here"
    Then the user reads "Bob here"
    And each line carries the id with which its agent joined
    And "Ann" and "Bob" have different ids

  @JOIN-06
  Scenario: The arrival is told, and told completely, before the first word
    Given the user is waiting for an agent
    When "Ann" joins and at once says "Hello, I am Ann"
    Then the user reads "Hello, I am Ann"
    And "agentJoined" has returned before "sendMessageToUser" is called
    And the user reads of the arrival of "Ann" before "Hello, I am Ann"

  @JOIN-08
  Scenario: A nickname is text that can be shown
    Given the user is waiting for an agent
    When "<b>Ann</b>" joins
    Then "agentJoined" is called within 2 seconds
    And the nickname holds no markup

  @JOIN-09
  Scenario: Who accepts after the cancel does not arrive
    Given the user is waiting for an agent
    When the user cancels the request
    And the desk sends the arrival of "Ann" in conversation 1
    Then "agentJoined" is not called
    And the conversation is over at the desk within 5 seconds

  Rule: What the host does

    @JOIN-07
    Scenario: Joining opens the line
      Given a scripted integration
      And the chat is open
      When the user requests an agent
      And the scripted integration calls "updateAgentAvailability" with [{"position": 3}]
      And the scripted integration calls "agentJoined" with [{"id": "a1", "nickname": "Ann", "user_type": "human"}]
      Then the user sees that "Ann" has joined
      And the user sees "Ann" in the banner
      And the user can type a message

    @JOIN-07
    Scenario Outline: Leaving the page is <warned of> with an integration that <can>
      Given a scripted integration
      And the chat is open <without>
      When the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "a1", "nickname": "Ann", "user_type": "human"}]
      Then the user is <warned of> leaving the page

      Examples:
        | warned of     | can              | without                        |
        | warned of     | cannot reconnect |  without the method "reconnect" |
        | not warned of | can reconnect    |                                |
