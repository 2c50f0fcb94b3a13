Feature: State updates
  Some chats tell an integration who the user is, which session it is and which language it speaks, and tell it again when
  that changes. Others never do, so no integration may count on it.

  @SYNC-02
  Scenario: A chat that never says who the user is is served all the same
    Given the chat is open without the method "updateState"
    When the user requests an agent
    And "Ada" joins
    And "Ada" says "Whom am I talking to?"
    Then the user reads "Whom am I talking to?"
    When the user says "To somebody"
    Then the desk has received "To somebody"
    And the host has called "updateState" 0 times
    And nothing that the desk was sent says "undefined"
    And the page shows no error

  @SYNC-01
  Scenario: That the user has logged in may be told before any chat
    Given the integration follows state updates
    When the page says that the userID is "mia-4711"
    And the page says that the sessionID is "session-0815"
    And the page says that the locale is "pt-br"
    Then no call of "updateState" has thrown or been rejected
    And the desk has no conversations
    And the page shows no error

  @SYNC-01
  Scenario: In the middle of a chat it is no new chat, and the same news is no news
    Given the integration follows state updates
    And the user is talking to "Ada"
    When the page says that the userID is "mia-4711"
    And the page says that the sessionID is "session-0815"
    And the page says again who the user is
    And "Ada" says "Still with me?"
    Then the user reads "Still with me?"
    When the user says "Still here"
    Then the desk has received "Still here"
    And the desk has 1 open conversation
    And "agentJoined" has been called 1 time
    And no call of "updateState" has thrown or been rejected
    And the page shows no error

  @SYNC-03
  Scenario Outline: The desk learns the new <field>: <when>
    Given the integration follows state updates
    And <before>
    When the page says that the <field> is "<new>"
    And <then>
    Then the desk has been told "<new>"

    Examples:
      | field     | new          | when          | before                       | then           |
      | userID    | mia-4711     | in a chat     | the user is talking to "Ada" | 1 seconds pass |
      | sessionID | session-0815 | in a chat     | the user is talking to "Ada" | 1 seconds pass |
      | userID    | mia-4711     | before a chat | the chat is open             | the user requests an agent |

  Rule: What the host does

    Background:
      Given a scripted integration
      And the chat is open

    @SYNC-01
    Scenario: It tells once when the integration is there
      Then the host has called "updateState" 1 time
      And the host calls "updateState" with
        """json
        [{"sessionID": "<string>", "userID": "<string>", "locale": "<string>"}]
        """

    @SYNC-01
    Scenario Outline: It tells again when the <field> changes, in a chat too
      When the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "a1", "nickname": "Ann", "user_type": "human"}]
      And the page says that the <field> is "<new>"
      Then the host has called "updateState" 2 times
      And the host calls "updateState" with
        """json
        [{"<field>": "<new>"}]
        """

      Examples:
        | field     | new          |
        | sessionID | session-0815 |
        | userID    | mia-4711     |
        | locale    | pt-br        |
