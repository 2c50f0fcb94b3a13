Feature: Typing
  Each side may see that the other types. The sign is a courtesy, so nothing may fail for want of it; but a sign that stays
  when nobody types any more is a lie.

  Rule: The agent types

    @TYPING-04
    Scenario: That an agent types, and stops, is told with true and false
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then "agentTyping" is called within 2 seconds with
        """json
        [true]
        """
      When "Ada" stops typing
      Then "agentTyping" is called within 11 seconds with
        """json
        [false]
        """

    @TYPING-05
    Scenario Outline: The sign goes when <occasion>
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      When "Ada" <act>
      Then the user sees within 2 seconds that nobody types

      Examples:
        | occasion                 | act                      |
        | the line is there        | says "That is what I typed" |
        | the agent leaves         | leaves                   |
        | the agent ends the chat  | ends the conversation    |

    @TYPING-05
    Scenario: The sign does not come after the line that it heralds
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      And "Ada" says "That was quick"
      Then the user reads "That was quick"
      When 2 seconds pass
      Then the user sees within 2 seconds that nobody types

    @TYPING-05
    Scenario: The sign of the one who hands over is gone when the other is there
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      When "Ada" transfers the user to "Bea"
      And "Bea" takes over from "Ada"
      Then the user sees that "Bea" has joined
      And the user sees within 2 seconds that nobody types

    @TYPING-05
    Scenario: The sign goes by itself when the desk never says that the agent has stopped
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      And the user sees within 11 seconds that nobody types

    @TYPING-06
    Scenario: Who types while joining is seen to type when the user can see it
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      When the user ends the chat
      And the user requests an agent
      And "Bea" types before joining
      And "Bea" joins
      Then the user sees that "Bea" has joined
      And the user sees that an agent types
      And no agent is said to type before "agentJoined"

    @TYPING-07
    Scenario Outline: What was to end the sign ends with the chat: <ending>
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      When <ending>
      Then "endChat" settles within 5 seconds
      When 15 seconds pass
      Then "agentTyping" has been called 0 times since

      Examples:
        | ending                      |
        | the user ends the chat      |
        | "Ada" ends the conversation |

    @TYPING-07
    Scenario: A later chat knows nothing of who typed in an earlier one
      Given the user is talking to "Ada"
      And the integration shows when agents type
      When "Ada" types
      Then the user sees that an agent types
      When the user ends the chat
      And the user requests an agent
      And "Bea" joins
      Then the user sees that "Bea" has joined
      When 15 seconds pass
      Then "agentTyping" has been called 0 times since

  Rule: The user types

    @TYPING-02
    Scenario Outline: It may be told that the user types <when>
      Given the integration relays the user's typing
      And <before>
      When the host calls "userTyping" with true, true, false and false
      Then each "userTyping" has returned a promise and thrown nothing
      And the page shows no error

      Examples:
        | when             | before                         |
        | before any chat  | the chat is open               |
        | while waiting    | the user is waiting for an agent |
        | in a chat        | the user is talking to "Ada"   |

    @TYPING-02
    Scenario: It may be told that the user types after the chat
      Given the user is talking to "Ada"
      And the integration relays the user's typing
      When the user ends the chat
      And the host calls "userTyping" with true, true, false and false
      Then each "userTyping" has returned a promise and thrown nothing
      And the page shows no error

    @TYPING-03
    Scenario: The agent sees that the user types, and that it stops
      Given the user is talking to "Ada"
      And the integration relays the user's typing
      When the user types "Hel" and does not send it
      Then the desk sees that the user types
      When 6 seconds pass
      Then the desk sees that the user no longer types

    @TYPING-03
    Scenario: Who has sent the line no longer types it
      Given the user is talking to "Ada"
      And the integration relays the user's typing
      When the user types "Hel" and does not send it
      Then the desk sees that the user types
      When the user says "lo"
      And 6 seconds pass
      Then the desk sees that the user no longer types

  Rule: What the host does

    @TYPING-01
    Scenario: The first key is told at once, and five seconds without one
      Given a scripted integration
      And the user is talking to "Ann"
      When the user types "Hello A" and does not send it
      Then the host calls "userTyping" once
      And the host calls "userTyping" with
        """json
        [true]
        """
      When 6 seconds pass
      Then the host calls "userTyping" once
      And the host calls "userTyping" with
        """json
        [false]
        """

    @TYPING-01
    Scenario: Each key begins the five seconds anew
      Given a scripted integration
      And the user is talking to "Ann"
      When the user types "Hello" and does not send it
      And 3 seconds pass
      And the user types " Ann" and does not send it
      And 3 seconds pass
      Then the host calls "userTyping" once

    @TYPING-01
    Scenario Outline: What the user types to the assistant is nobody's business: <when>
      Given a scripted integration
      And <before>
      When <then>
      And the user types "What is" and does not send it
      Then the host does not call "userTyping"

      Examples:
        | when           | before                       | then                                |
        | without a chat | the chat is open             | 1 seconds pass                      |
        | while suspended | the user is talking to "Ann" | the page suspends the conversation |
