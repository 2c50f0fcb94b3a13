Feature: When Talkdesk fails
  Networks lose replies, servers are restarted, proxies answer in their place. Nothing of that may cost the user a message, double one, or go on for ever.

  @DC-MSG-04
  Scenario Outline: A message call that <what> does not double the message
    Given Ann talks to an agent
    When the next message call <what>
    And Ann says "Exactly once"
    Then the agent reads "Exactly once" from Ann once
    When Ann says "Thank you"
    Then the agent reads "Thank you" from Ann
    And the agent has read "Exactly once" once

    Examples:
      | what                          |
      | is cut off before it is taken |
      | is cut off after it was taken |
      | is answered with 500          |
      | is answered with 502          |
      | is answered with half a reply |

  @DC-CONV-09
  Scenario Outline: A start call that <what> does not open a second conversation
    Given Ann talks to the bot
    When the next start call <what>
    And Ann asks for an agent
    Then Ann talks to an agent in the end
    And Talkdesk has 1 conversation

    Examples:
      | what                          |
      | is cut off before it is taken |
      | is cut off after it was taken |
      | is answered with 502          |

  @DC-MSG-08
  Scenario Outline: A call that is answered with <what> is a failure that the user hears of
    Given Ann talks to an agent
    When every message call is answered with <what>
    And Ann says "Hello"
    Then Ann is told that something went wrong
    And the connector makes at most 8 message calls in 2 seconds

    Examples:
      | what                  |
      | 400                   |
      | 404                   |
      | a redirect            |

  @DC-CONV-14
  Scenario: A limit of calls is kept, and the message comes after it
    Given Ann talks to an agent
    When the next message call is answered with 429, to be tried after 1 second
    And Ann says "In a moment"
    Then the agent reads "In a moment" from Ann once
    And the repeated message has come 1 second after the first

  @DC-MSG-03
  Scenario: What is said during a failure comes after it, in order
    Given Ann talks to an agent
    When the next 2 message calls are answered with 503
    And Ann says 6 lines in a row
    Then the agent reads the 6 lines from Ann in their order

  @DC-AUTH-12
  Scenario: A token that is revoked while a message is on its way
    Given Ann talks to an agent
    When the tokens are revoked
    And Ann says 6 lines in a row
    Then the agent reads the 6 lines from Ann in their order
    And the connector has asked for at most 2 tokens since then

  @DC-END-01
  Scenario: An end that is lost is said again
    Given Ann talks to an agent
    When the next end call is answered with 503
    And Ann ends the chat
    Then the connector ends the conversation with Ann

  @DC-ACTION-19
  Scenario: Events are taken while calls to Talkdesk hang
    Given Ann talks to an agent
    When the reply to the next message is held back
    And Ann says "Can you hear me?" while nobody answers
    And the agent says "I can" to Ann
    Then the connector answers the event with success
    And Ann sees "I can" from the agent
