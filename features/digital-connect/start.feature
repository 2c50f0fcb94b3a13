Feature: Starting a conversation
  One call opens the conversation: it names the touchpoint, the person, what is known of the matter, and what was said before.

  Rule: The start says who asks, where, and what was said before

    @DC-CONV-01 @DC-CONV-02 @DC-CONV-03 @DC-TOUCH-03
    Scenario: The start names the touchpoint by its id, and the person by an address
      Given Ann talks to the bot
      When Ann asks for an agent
      Then the start for Ann carries
        """json
        {"touchpoint_id": "${touchpoint}", "contact_person": {"email": "<string>"}}
        """

    @DC-CONV-03
    Scenario: A user who has told no address has one all the same
      Given Ann talks to the bot, and has told no address
      When Ann asks for an agent
      Then the start for Ann carries
        """json
        {"contact_person": {"email": "<string>"}}
        """

    @DC-CONV-05 @DC-CONV-07 @DC-CONV-20
    Scenario: Whatever else the start carries is as it is documented
      Given Ann talks to the bot
      When Ann says "Good morning"
      And Ann asks for an agent
      Then the connector starts a conversation for Ann
      And the start for Ann fits its schema

    @DC-CONV-04
    Scenario: Two users are two people
      Given Ann and Ben talk to agents
      Then the start for Ann and that for Ben have different addresses
      And the address of each start looks like one

    @DC-CONV-08
    Scenario: The agent can read what was said to the bot
      Given Ann talks to the bot
      When Ann says "My lamp is broken"
      And Ann says "It stands in the hall"
      And Ann asks for an agent
      Then the start for Ann carries what was said before, the oldest first
      And "My lamp is broken" was said by the user there
      And "It stands in the hall" was said by the user there

    @DC-CONV-09
    Scenario: A start has a key, and a repeated start the same
      Given Ann talks to the bot
      When the reply to the next start is lost
      And Ann asks for an agent
      Then Ann talks to an agent in the end
      And the repeated start has the key of the first
      And Talkdesk has 1 conversation

    @DC-CONV-10
    Scenario Outline: An id is <sort>, and stands in each path as it should
      Given ids of conversations are <sort>
      And Ann talks to an agent
      When Ann says "Hello"
      Then the agent reads "Hello" from Ann
      When the agent says "Good morning" to Ann
      Then Ann sees "Good morning" from the agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann

      Examples:
        | sort                     |
        | full of reserved characters |
        | as long as they may be   |
        | a single character       |

    @DC-CONV-12
    Scenario: Five turns are five messages, and one start
      Given Ann talks to an agent
      When Ann says 5 lines in a row
      Then the agent reads the 5 lines from Ann in their order
      And the connector has started 1 conversation

  Rule: What is said before the conversation is open waits for it

    @DC-CONV-15
    Scenario: Turns that were typed while the start is on its way follow it in order
      Given Ann talks to the bot
      When the reply to the next start is held back
      And Ann asks for an agent
      And Ann says "First" while nobody answers
      And Ann says "Second" while nobody answers
      And the reply is given
      Then the agent reads "First" from Ann
      And the agent reads "Second" from Ann
      And the agent has read "First" before "Second"

  Rule: A start that is refused is told

    @DC-CONV-13
    Scenario Outline: A start that is refused with <status> leads back to the bot, in words
      Given Ann talks to the bot
      When the next start call is answered with <status>
      And Ann asks for an agent
      Then Ann is told that no agent can be had
      And the connector has made 1 start call
      When Ann asks for an agent again
      Then Ann talks to an agent in the end

      Examples:
        | status |
        | 400    |
        | 403    |
        | 404    |
        | 409    |

    @DC-CONV-14
    Scenario: A start that fails and fails is told
      Given Ann talks to the bot
      When every start call is answered with 503
      And Ann asks for an agent
      Then Ann is told that no agent can be had
      And the connector makes at most 6 start calls in 2 seconds

    @DC-CONV-14
    Scenario Outline: A start that fails for a moment with <status> is tried again with its key
      Given Ann talks to the bot
      When the next start call is answered with <status>
      And Ann asks for an agent
      Then Ann talks to an agent in the end
      And the repeated start has the key of the first
      And Talkdesk has 1 conversation

      Examples:
        | status |
        | 500    |
        | 502    |
        | 503    |

    @DC-CONV-14
    Scenario: A start that has come too early waits as long as it is told
      Given Ann talks to the bot
      When the next start call is answered with 429, to be tried after 1 second
      And Ann asks for an agent
      Then Ann talks to an agent in the end
      And the repeated start has come 1 second after the first
