Feature: Messages
  What the user writes reaches the agent as it was written, once and in order; what the agent writes reaches this user and nobody else.

  Rule: From the user to the agent

    @DC-MSG-01 @page
    Scenario: A turn of the user's is a message of the conversation
      Given Ann talks to an agent
      When Ann says "My lamp is broken"
      Then the agent reads "My lamp is broken" from Ann
      When Ann says "It is the green one"
      Then the agent reads "It is the green one" from Ann

    @DC-MSG-02 @page
    Scenario Outline: Text arrives as it was typed: <what>
      Given Ann talks to an agent
      When Ann says <text>
      Then the agent reads <text> from Ann

      Examples:
        | what           | text                                   |
        | letters        | "Ça coûte 10 €, 日本語, Ελληνικά"        |
        | an emoji       | "👩‍👩‍👧 👍🏽"                              |
        | signs of HTML  | "if a < b && c > d: <b>bold</b> &amp;" |
        | quotes         | "She said 'no' and `left` \\ \\n"      |
        | spaces         | "  two before, two   between"          |

    @DC-MSG-02 @page
    Scenario: Lines stay lines
      Given Ann talks to an agent
      When Ann says
        """
        First line
        Second line

        Fourth line
        """
      Then the agent reads from Ann
        """
        First line
        Second line

        Fourth line
        """

    @DC-MSG-03 @page
    Scenario: Turns keep their order while Talkdesk is slow and quick by turns
      Given Ann talks to an agent
      When message calls take 100 ms and none by turns
      And Ann says 12 lines in a row
      Then the agent reads the 12 lines from Ann in their order

    @DC-MSG-04 @page
    Scenario: A turn whose reply was lost is there once
      Given Ann talks to an agent
      When the reply to the next message is lost
      And Ann says "Only once, please"
      Then the agent reads "Only once, please" from Ann once
      When Ann says "Thank you"
      Then the agent reads "Thank you" from Ann
      And the agent has read "Only once, please" once

    @DC-MSG-05 @page
    Scenario: Each turn has a key of its own
      Given Ann talks to an agent
      When Ann says 5 lines in a row
      Then the agent reads the 5 lines from Ann in their order
      And each message has a key of its own

    @DC-MSG-05 @page
    Scenario: A turn that is sent again has the key that it had
      Given Ann talks to an agent
      When the next message call is answered with 503
      And Ann says "Once more"
      Then the agent reads "Once more" from Ann once
      And the repeated message has the key of the first

    @DC-MSG-05 @page
    Scenario: Who says the same twice has said it twice
      Given Ann talks to an agent
      When Ann says "Yes"
      And Ann says "Yes"
      Then the agent reads "Yes" from Ann twice

    @DC-MSG-06 @page
    Scenario: Nothing but blanks is no message
      Given Ann talks to an agent
      When Ann says "   "
      And Ann says "Hello"
      Then the agent reads "Hello" from Ann
      And the agent has read 1 message from Ann since then

    @DC-MSG-07 @page
    Scenario: Half a success is told
      Given Ann talks to an agent
      When the next message call is answered with 206 for its files
      And Ann says "Here is my picture"
      Then the agent reads "Here is my picture" from Ann once
      And Ann is told that something went wrong
      And the connector has made 1 message call since then

    @DC-MSG-08 @page
    Scenario: The conversation has ended without a word, and then the user writes
      Given Ann talks to an agent
      When the conversation with Ann ends without a word
      And Ann says "Hello?"
      Then Ann is told that the conversation is over
      And the connector makes at most 2 message calls in 1 second
      When Ann writes "Is anyone there?" if she still can
      Then the connector makes no further message call

    @DC-MSG-16 @page
    Scenario: Only what the user writes goes out
      Given Ann talks to an agent
      When Ann types "Never mi" without sending it
      And the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      And the agent has read nothing from Ann since then

    @DC-MSG-16 @page
    Scenario: The agent reads what the user has said, and nothing else
      Given Ann talks to an agent
      When Ann says "My lamp is broken"
      And the agent says "Which one?" to Ann
      And Ann says "The green one"
      Then the agent reads "The green one" from Ann
      And the agent has read nothing from Ann but what she said

    @DC-MSG-17 @page
    Scenario: A reply with nothing but the conversation's id will do
      Given replies carry no more than they must
      And Ann talks to an agent
      When Ann says "One"
      And Ann says "Two"
      Then the agent reads "Two" from Ann
      And the agent has read "One" once
      And the connector has made 2 message calls since Ann said "One"

  Rule: From the agent to the user

    @DC-MSG-09 @page
    Scenario: What the agent writes is shown to this user, once
      Given Ann talks to an agent
      When the agent says "Good morning, Ann" to Ann
      Then Ann sees "Good morning, Ann" from the agent
      And Ann has seen "Good morning, Ann" once

    @DC-MSG-09 @page
    Scenario: What the agent writes while the user's link is lost is there when it is back
      Given Ann talks to an agent
      When Ann's link is interrupted
      And the agent says "Are you still there?" to Ann
      Then the connector answers the event
      When Ann's link is back
      Then Ann gets to see "Are you still there?"
      And Ann has seen "Are you still there?" once

    @DC-MSG-10 @page
    Scenario: The user can tell who writes
      Given Ann talks to an agent
      When the agent called "Dana Fischer" says "Hello" to Ann
      Then Ann sees "Hello" from "Dana Fischer"

    @DC-MSG-12 @page
    Scenario: Rich text is not shown as tags
      Given Ann talks to an agent
      When the agent says "<p>Your order is <b>ready</b></p>" to Ann
      Then Ann sees "Your order is ready" from the agent
      And Ann sees no "<p>"

    @DC-MSG-13 @page
    Scenario: A message with nothing in it is no bubble
      Given Ann talks to an agent
      When Talkdesk delivers the body "MC-V04" to Ann's conversation
      And the agent says "Here I am" to Ann
      Then Ann sees "Here I am" from the agent
      And Ann has seen 1 message from the agent since then
      And Ann sees no "undefined"

    @DC-MSG-14 @page
    Scenario: What comes back of the user's own words is not shown twice, nor sent again
      Given contacts hear what they wrote
      And Ann talks to an agent
      When Ann says "Hello, hello"
      Then the agent reads "Hello, hello" from Ann once
      When the agent says "No echo here" to Ann
      Then Ann sees "No echo here" from the agent
      And Ann has seen "Hello, hello" once
      And the connector has made 1 message call since Ann said "Hello, hello"

    @DC-MSG-15 @page
    Scenario Outline: An author of the type <type> is delivered
      Given Ann talks to an agent
      When an author of the type "<type>" says "Hello" to Ann
      Then Ann sees "Hello"

      Examples:
        | type          |
        | AGENT         |
        | BOT           |
        | SOMETHING_NEW |
        |               |
