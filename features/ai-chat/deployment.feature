Feature: Desk and deployment
  An integration lives on somebody's page and speaks with a desk on another origin. It needs nothing but a browser, holds
  nothing that the user must not see, and hears its desk at any time.

  @ENV-01
  Scenario: A browser is enough
    Given the chat is open
    When the user requests an agent
    Then nothing has failed for want of what only Node has
    And the desk has 1 open conversation
    And the page shows no error

  @ENV-02
  Scenario: One chat from beginning to end
    Given the user is waiting for an agent
    When "Ada" joins
    Then the user sees that "Ada" has joined
    When the user says "My parcel has not come."
    Then the desk has received "My parcel has not come."
    When "Ada" says "Let me look."
    And "Ada" says "It is on its way."
    Then the user reads "Let me look."
    And the user reads "It is on its way."
    When the user ends the chat
    Then the conversation is over at the desk within 5 seconds

  @ENV-02
  Scenario: The desk is heard while the user does nothing
    Given the user is talking to "Ada"
    When "Ada" says "One moment, please."
    Then the user reads "One moment, please."
    When 50 seconds pass
    And "Ada" says "Thank you for waiting."
    Then the user reads "Thank you for waiting."
    When 50 seconds pass
    And "Ada" says "Are you still there?"
    Then the user reads "Are you still there?"

  @ENV-03
  Scenario: Whoever reads the code finds no secret
    Given the secrets of the desk are known
    And the chat is open
    Then no secret of the desk is in the integration's code

  @ENV-03
  Scenario: Whoever watches the page finds no secret
    Given the secrets of the desk are known
    And the user is talking to "Ada"
    When the user says "Good morning"
    Then the desk has received "Good morning"
    When "Ada" says "Good morning!"
    Then the user reads "Good morning!"
    And no secret of the desk is in what the page stores
    When the user ends the chat
    Then "endChat" settles within 5 seconds
    And no secret of the desk is in what the integration sends
    And no secret of the desk is in what the page stores
    And no secret of the desk is on the console

  @ENV-04
  Scenario: The desk is on another origin than the page
    Given the chat is open
    When the user requests an agent
    Then the desk has granted every preflight
    And the desk has 1 open conversation
    When "Ada" joins
    Then the user sees that "Ada" has joined
    When the user says "Good morning"
    Then "sendMessageToAgent" settles within 20 seconds
    And no request has failed behind the page's back
    And if "sendMessageToAgent" was fulfilled, the desk has received "Good morning"
    And the desk has granted every preflight
