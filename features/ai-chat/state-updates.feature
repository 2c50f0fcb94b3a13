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
