Feature: Name
  An integration says what desk it speaks for. The chat refuses to start without a name, and reports it.

  Background:
    Given the chat is open

  @NAME-01
  Scenario: The name is a string, there at once
    Then "getName" has answered with a non-empty string, and not with a promise

  @NAME-02
  Scenario: The name has at most forty characters
    Then "getName" has answered with at most 40 characters

  @NAME-03
  Scenario: The name is constant, costs nothing and tells nothing about the user
    When the host calls "getName" 2 times at once
    Then "getName" has answered the same each time
    And the name holds no address, number or secret
    And the desk has received no request
