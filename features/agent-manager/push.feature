Feature: Pushes

  While its connection is down, the Agent Manager can reach a desk by a push: the desk has a token of the push service, and names it in its handshake. No document says what a push
  looks like, and no desk has to use one. Each has to work without.

  @AM-FCM-01
  Scenario: The handshake names the token
    Given pushes are possible
    When amy is signed in
    Then amy's desk names its token in the handshake

  @AM-FCM-02
  Scenario: Without the permission to notify, everything but pushes works
    Given the user denies notifications
    When amy is signed in
    Then amy's desk names no token in the handshake
    Given amy talks to "Carla"
    When "Carla" says "Can you hear me?"
    Then amy sees "Can you hear me?" in the conversation of "Carla"

  @AM-FCM-02
  Scenario: With the push service out of reach, everything but pushes works
    Given the push service cannot be reached
    When amy is signed in
    Then amy's desk names no token in the handshake
    Given amy talks to "Carla"
    When "Carla" says "Can you hear me?"
    Then amy sees "Can you hear me?" in the conversation of "Carla"

  @AM-FCM-04
  Scenario: An offer that is pushed while the connection is down is noticed
    Given pushes are possible
    And amy is ready
    When the connection of amy's desk breaks
    And "Carla" asks for help
    Then amy's desk shows a notification or comes back

  @AM-FCM-05
  Scenario: A push that repeats an offer makes no second one
    Given pushes are possible
    And amy has an offer from "Carla"
    When the manager pushes amy the last "taskRequest"
    Then amy sees 1 offer
    When amy accepts "Carla"
    Then amy's desk has sent "topicSubscription" 1 time

  @AM-FCM-05
  Scenario: A push that comes after its offer was accepted makes no second one
    Given pushes are possible
    And amy talks to "Carla"
    When the manager pushes amy the last "taskRequest"
    Then amy sees 0 offers
    And amy's desk has sent "topicSubscription" 1 time

  @AM-FCM-06
  Scenario: Nobody hears of the offers of someone who has signed out
    Given pushes are possible
    And amy has an offer from "Carla"
    And the offer runs out
    When amy signs out
    Then amy's desk has given its token back, or shows no push any more

  @AM-FCM-07
  Scenario: The token may come from a shell around the page
    Given pushes are possible
    And a shell gives the desk of amy the token "token-of-the-shell"
    When amy is signed in
    Then amy's desk names the token "token-of-the-shell" in the handshake, if it takes one from a shell

  @AM-FCM-08
  Scenario: A push that says nothing known is ignored, and the next one is noticed
    Given pushes are possible
    And amy is ready
    When the manager pushes amy, one after the other
      """
      {}
      {"data": null}
      {"data": {"event": "somethingNew", "payload": "{}"}}
      {"data": {"event": "taskRequest"}}
      {"data": {"event": "taskRequest", "payload": "{\"taskId\": null}"}}
      {"data": {"event": "taskRequest", "payload": "no JSON"}}
      no JSON
      """
    Then amy sees 0 offers
    And amy's desk has sent "topicSubscription" 0 times
    And no error is uncaught on amy's desk
    When the connection of amy's desk breaks
    And "Carla" asks for help
    Then amy's desk shows a notification or comes back
