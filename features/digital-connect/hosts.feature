Feature: Where Talkdesk is found
  The connector is given the name of an account and a region, and makes the addresses of Talkdesk of them. Whoever answers there has to prove who it is.

  @DC-AUTH-01 @DC-AUTH-18
  Scenario: The account's name and the region US lead to the two hosts
    Given the connector is led to Talkdesk by its own names
    And Ann talks to an agent
    Then the token was asked for at "acme.talkdeskid.com"
    And the conversation was started at "api.talkdeskapp.com"

  @DC-AUTH-19
  Scenario Outline: The region <region> has hosts of its own
    Given the region is <region>
    And the connector is led to Talkdesk by its own names
    And Ann talks to an agent
    Then the token was asked for at "<identity>"
    And the conversation was started at "<api>"

    Examples:
      | region | identity            | api                   |
      | EU     | acme.talkdeskid.eu  | api.talkdeskapp.eu    |
      | CA     | acme.talkdeskidca.com | api.talkdeskappca.com |

  @DC-AUTH-20
  Scenario: Nothing is entrusted to a server that cannot prove who it is
    Given the connector is led to Talkdesk by its own names
    And an authority that nobody trusts has signed for Talkdesk
    And Ann talks to the bot
    When Ann asks for an agent
    Then Ann is told that no agent can be had
    And Talkdesk has been sent nothing

  @DC-AUTH-16
  Scenario: Nobody but Talkdesk is called
    Given the connector is led to Talkdesk by its own names
    And Ann talks to an agent
    When Ann says "Hello"
    Then the agent reads "Hello" from Ann
    And no secret was said to anybody but Talkdesk
