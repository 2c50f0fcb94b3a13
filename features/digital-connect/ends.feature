Feature: The end of a conversation
  Either side may end it. Whoever does not is told, nothing more is sent, and the next conversation is a new one.

  Rule: The user ends

    @DC-END-01 @page
    Scenario: The agent is not left alone
      Given Ann talks to an agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann

    @DC-END-02
    Scenario Outline: An end is a success however it is answered: <status>
      Given an end is answered with <status>
      And Ann talks to an agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann
      And the connector makes at most 1 end call in 1 second
      When Ann asks for an agent again
      Then Ann talks to an agent in the end

      Examples:
        | status |
        | 204    |
        | 200    |

    @DC-END-03
    Scenario Outline: An end that is refused with <status> was one already
      Given Ann talks to an agent
      When every end call is answered with <status>
      And Ann ends the chat
      Then the connector makes at most 2 end calls in 1 second
      When Ann asks for an agent again
      Then Ann talks to an agent in the end

      Examples:
        | status |
        | 404    |
        | 409    |

    @DC-END-05
    Scenario: Nothing is sent after the user's end
      Given Ann talks to an agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann
      When Ann writes "One more thing" if she still can
      Then the agent has read nothing from Ann since then

    @DC-END-08
    Scenario: The end that the user made comes back as an event
      Given a conversation that the user ends is reported as ended
      And Ann talks to an agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann
      And the connector answers the end of the conversation with success
      When Ann asks for an agent again
      Then Ann talks to an agent in the end
      When the agent says "Here I am" to Ann
      Then Ann sees "Here I am" from the agent

    @DC-END-08
    Scenario: The event comes late, when the user talks to an agent again
      Given Ann talks to an agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann
      When Ann asks for an agent again
      Then Ann talks to an agent in the end
      When Talkdesk delivers the end of the first conversation of Ann
      Then the connector answers the event with success
      And Ann is told nothing more
      And Ann can still talk to the agent

    @DC-END-09 @page
    Scenario: A user who is gone does not keep an agent busy
      Given users who are gone keep an agent for 3 seconds
      And Ann talks to an agent
      When Ann is gone
      Then the connector ends the conversation with Ann within its idle time

  Rule: The agent ends

    @DC-END-04 @page
    Scenario: The user is told
      Given Ann talks to an agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over

    @DC-END-06
    Scenario: An end is not answered with an end
      Given Ann talks to an agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over
      And the connector has made no end call

    @DC-END-05
    Scenario: Nothing is sent after the agent's end
      Given Ann talks to an agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over
      When Ann writes "One more thing" if she still can
      Then the agent has read nothing from Ann since then

    @DC-END-07
    Scenario: An end that is told twice is told to the user once
      Given Ann talks to an agent
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over
      When Talkdesk delivers the last event again
      Then the connector answers the event with success
      And Ann is told nothing more

    @DC-END-07
    Scenario: The end of a conversation that nobody knows is nobody's end
      Given Ann talks to an agent
      When Talkdesk delivers the end of a conversation that nobody knows
      Then the connector answers the event with success
      And Ann is told nothing more
      When Ann says "Still here"
      Then the agent reads "Still here" from Ann

    @DC-END-10
    Scenario: The agent ends before a word was said
      Given Ann talks to the bot
      When Ann asks for an agent
      Then the connector starts a conversation for Ann
      When the agent ends the conversation with Ann
      Then Ann is told that the conversation is over
      When Ann asks for an agent again
      Then Ann talks to an agent in the end

    @DC-END-10
    Scenario: The agent ends while a turn is on its way
      Given Ann talks to an agent
      When the reply to the next message is held back
      And Ann says "Wait" while nobody answers
      And the agent ends the conversation with Ann
      And the reply is given
      Then Ann is told that the conversation is over
      When Ann asks for an agent again
      Then Ann talks to an agent in the end
