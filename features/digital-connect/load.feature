Feature: Load
  A connector serves a whole account: events come fifty a second, and none is lost, doubled or out of order.

  @DC-ACTION-20
  Scenario: Fifty events a second, for five seconds, to four users
    Given 4 users talk to agents
    When Talkdesk delivers 250 messages to them, 50 a second, every tenth of them twice
    Then every event was answered with success
    And 95 of 100 events were answered within 1 second
    And each user sees the messages of their own in order, once
