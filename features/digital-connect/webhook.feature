Feature: Receiving events
  Talkdesk delivers everything to one address: that a conversation has started, that a message was written, that a conversation has ended. The connector takes it, answers soon, and works afterwards.

  Rule: One address takes every event

    @DC-ACTION-03
    Scenario: Every kind of event comes to the one address
      Given Ann talks to an agent
      When an agent starts a conversation with "somebody.else@example.test"
      And the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      When the agent ends the conversation with Ann
      Then every event was answered with success

    @DC-ACTION-04
    Scenario: Messages and ends are told apart by what they hold
      Given Ann and Ben talk to agents
      When the agent says "One" to Ann
      And the agent ends the conversation with Ben
      And the agent says "Two" to Ann
      Then Ann sees "One" from the agent
      And Ann sees "Two" from the agent
      And Ben is told that the conversation is over

    @DC-ACTION-12
    Scenario: Nothing is needed that no event tells, such as who the agent is by number, or who has ended and why
      Given Ann talks to an agent
      When the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over

    @DC-ACTION-05
    Scenario: Events are spelled as the connector's profile says
      Given Ann talks to an agent
      When the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over

    @DC-ACTION-06
    Scenario Outline: Events are spelled in <case> case
      Given events are spelled in <case> case
      And Ann talks to an agent
      When the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over

      Examples:
        | case  |
        | upper |
        | lower |

    @DC-ACTION-18
    Scenario: No signature is needed, since there is none
      Given Ann talks to an agent
      When the agent says "Unsigned" to Ann
      Then the connector answers the event with success
      And Ann sees "Unsigned" from the agent

    @DC-ACTION-22
    Scenario Outline: The type of the content is <type>
      Given Ann talks to an agent
      When Talkdesk delivers "Hello" to Ann as "<type>"
      Then the connector answers the event with success
      And Ann sees "Hello"

      Examples:
        | type                            |
        | application/json                |
        | application/json; charset=utf-8 |
        | application/json;charset=UTF-8  |

    @DC-ACTION-23
    Scenario: The address ends with a slash, or does not
      Given Ann talks to an agent
      When Talkdesk delivers "Without" to Ann at the address without a slash at its end
      Then the connector answers the event with success
      When Talkdesk delivers "With" to Ann at the address with a slash at its end
      Then the connector answers the event with success
      And Ann sees "Without"
      And Ann sees "With"

    @DC-ACTION-24
    Scenario Outline: <method> is no event
      Given Ann talks to an agent
      When Talkdesk delivers "Not like this" to Ann by <method>
      Then the connector answers the event with a refusal
      And Ann does not see "Not like this"

      Examples:
        | method |
        | GET    |
        | PUT    |
        | DELETE |

  Rule: An event is answered soon, and with success

    @DC-ACTION-08
    Scenario: The answer is a plain success
      Given Ann talks to an agent
      When the agent says "Hello" to Ann
      Then the connector answers the event with success
      And Ann sees "Hello" from the agent
      When the agent ends the conversation with Ann
      Then the connector answers the event with success

    @DC-ACTION-09 @DC-ACTION-10
    Scenario: The answer does not wait for a user whose link is lost
      Given Ann talks to an agent
      When Ann is gone
      And the agent says "Are you still there?" to Ann
      Then the connector answers the event
      And every event was answered within 1 second

    @DC-ACTION-10
    Scenario: The answer does not wait for a file
      Given Ann talks to an agent
      And every download-link call takes 1500 ms
      When the agent sends Ann the file "manual.pdf" of 20 KB
      Then the connector answers the event
      And every event was answered within 1 second

    @DC-ACTION-19
    Scenario: An event is not handed back because the connector has trouble of its own
      Given Ann talks to an agent
      And every token call is answered with 503
      And the tokens are revoked
      When the agent says "Can you hear me?" to Ann
      Then the connector answers the event with success
      And Ann sees "Can you hear me?" from the agent

  Rule: Order and repetition

    @DC-ACTION-15
    Scenario: A message that is delivered twice is shown once
      Given Ann talks to an agent
      When the agent says "Only once" to Ann
      And Talkdesk delivers the last event again
      And the agent says "And on" to Ann
      Then Ann sees "And on" from the agent
      And Ann has seen "Only once" once

    @DC-ACTION-16
    Scenario: Twenty messages are shown in their order
      Given Ann talks to an agent
      When the agent says 20 lines in a row to Ann
      Then Ann sees the 20 lines of the agent in their order

  Rule: Only Talkdesk may deliver events

    @DC-ACTION-17
    Scenario Outline: An event <how> changes nothing
      Given the connector wants credentials of whoever delivers events
      And Ann talks to an agent
      When Talkdesk delivers "Forged" to Ann <how>
      Then the connector answers the event with 401 or 403
      And Ann does not see "Forged"
      When the agent says "Genuine" to Ann
      Then Ann sees "Genuine" from the agent

      Examples:
        | how                      |
        | without credentials      |
        | with wrong credentials   |
        | with half the credentials |
