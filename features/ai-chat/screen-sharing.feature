Feature: Screen sharing
  An agent asks to see the user's screen. The chat asks the user, and only a clear yes starts the sharing; whoever stops it,
  everybody learns of it, and with the chat it is over in any case. What carries the picture is the integration's own affair.

  Rule: The agent asks, the user decides

    @SCREEN-01
    Scenario: The user agrees
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then "screenShareRequest" is called once within 2 seconds
      And the user is asked for the screen
      When the user agrees to share the screen
      Then the desk is told within 2 seconds that the screen is shared
      And the user sees that the screen is shared

    @SCREEN-03
    Scenario: Nothing is captured while the user thinks
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the user is asked for the screen
      And the screen is not captured
      And the desk has not been told that the screen is shared

    @SCREEN-03
    Scenario Outline: A no is a no: <act>
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      And <act>
      Then the desk is told within 2 seconds that the screen is not shared
      And the screen is not captured
      And the desk has not been told that the screen is shared

      Examples:
        | act                                       |
        | the user declines to share the screen     |
        | the user closes the question with Escape  |

    @SCREEN-02
    Scenario: An agent who asks before anybody has joined gets no screen
      Given the integration can share the screen
      And the user is waiting for an agent
      When "Ada" asks to see the screen
      Then the screen is not captured
      And the desk has not been told that the screen is shared
      And the page shows no error

    @SCREEN-02
    Scenario: A question that the chat refuses harms nothing
      Given the host rejects call 1 of "screenShareRequest"
      And the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the screen is not captured
      And the desk has not been told that the screen is shared
      And the page shows no error
      When "Ada" says "Then tell me what you see."
      Then the user reads "Then tell me what you see."

    @SCREEN-09
    Scenario: Two questions are one question
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      And "Ada" asks to see the screen
      And the user agrees to share the screen
      Then the desk is told within 2 seconds that the screen is shared
      And no two "screenShareRequest" calls overlap
      And the screen is captured at most once at a time

    @SCREEN-09
    Scenario: Nobody is asked for what they already show
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When "Ada" asks to see the screen
      Then "screenShareRequest" is not called
      And the screen is captured at most once at a time

    @SCREEN-08
    Scenario: A user who does not answer is not asked for ever
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the user is asked for the screen
      And "screenShareEnded" is called within 300 seconds
      And the user is no longer asked for the screen
      And the desk is told within 2 seconds that the screen is not shared

  Rule: Whoever stops it

    @SCREEN-04
    Scenario: The agent takes the question back
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the user is asked for the screen
      When "Ada" no longer asks to see the screen
      Then "screenShareEnded" is called within 2 seconds
      And the user is no longer asked for the screen
      And the screen is not captured

    @SCREEN-04
    Scenario: The agent has seen enough
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When "Ada" stops the screen share
      Then "screenShareEnded" is called within 2 seconds
      And the user sees that the screen is no longer shared
      And no capture of the screen is left after 1 second

    @SCREEN-04
    Scenario: The user stops in the browser's own bar
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When the user stops sharing in the browser's own bar
      Then "screenShareEnded" is called within 2 seconds
      And the user sees that the screen is no longer shared
      And the desk is told within 2 seconds that the screen is no longer shared

    @SCREEN-05
    Scenario: The user stops in the chat
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When the user stops sharing the screen
      Then the host calls "screenShareStop" once
      And no capture of the screen is left after 1 second
      And "screenShareStop" is fulfilled within 20 seconds
      And the desk is told within 2 seconds that the screen is no longer shared

    @SCREEN-05
    Scenario Outline: The user's stop counts even if the desk <fails>
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      And the desk <fails>
      When the user stops sharing the screen
      Then no capture of the screen is left after 1 second
      And "screenShareStop" is fulfilled within 20 seconds

      Examples:
        | fails                                      |
        | refuses answers about the screen with 500  |
        | cuts off answers about the screen          |

    @SCREEN-05
    Scenario: Whoever asks for the screen can be told to stop
      Given the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then an integration that asks for the screen can be told to stop

    @SCREEN-05
    Scenario: The screen can be shared again
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When the user stops sharing the screen
      Then "screenShareStop" is fulfilled within 20 seconds
      When "Ada" asks to see the screen
      And the user agrees to share the screen
      Then the desk is told within 2 seconds that the screen is shared
      When the user stops sharing the screen
      Then no capture of the screen is left after 1 second

  Rule: With the chat it is over

    @SCREEN-06
    Scenario Outline: The sharing ends with the chat: <end>
      Given the integration can share the screen
      And the user shares the screen with "Ada"
      When <end>
      Then no capture of the screen is left after 1 second

      Examples:
        | end                                 |
        | the user ends the chat              |
        | "Ada" ends the conversation         |
        | the page ends the conversation      |
        | the page restarts the conversation  |
        | the page replaces the factory       |

    @SCREEN-07
    Scenario Outline: The question ends with the chat: <end>
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the user is asked for the screen
      When <end>
      Then the user is no longer asked for the screen
      And the screen is not captured
      And the desk has not been told that the screen is shared
      And "sendMessageToUser" is not called
      And "screenShareRequest" is not called

      Examples:
        | end                                 |
        | the page ends the conversation      |
        | "Ada" ends the conversation         |

    @SCREEN-07
    Scenario: A question from a chat that is over is nobody's any more
      Given the integration can share the screen
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the user is asked for the screen
      When the page ends the conversation
      Then "endChat" settles within 5 seconds
      When the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined
      When the desk asks to see the screen in conversation 1
      Then "screenShareRequest" is not called
      And the screen is not captured

    @FACT-07
    Scenario: A chat without screen sharing is a chat
      Given the chat is open without the callbacks "screenShareRequest, screenShareEnded"
      And the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the screen is not captured
      And the desk has not been told that the screen is shared
      And the page shows no error
      When "Ada" says "Never mind."
      Then the user reads "Never mind."

  Rule: A chat without screen sharing

    @SCREEN-11
    Scenario: The agent asks in vain, and the conversation goes on
      Given the user is talking to "Ada"
      When "Ada" asks to see the screen
      Then the screen is not captured
      And the desk has not been told that the screen is shared
      And every callback that was called is one of this dialect
      When "Ada" says "Then tell me what you see."
      Then the user reads "Then tell me what you see."
      And the page shows no error

  Rule: What the host does

    @SCREEN-01
    Scenario Outline: The host asks the user, who <act>
      Given a scripted integration
      And the user is talking to "Ada"
      When the scripted integration asks to see the screen
      And the user <act>
      Then "screenShareRequest" is answered with "<answer>"

      Examples:
        | act                                | answer    |
        | agrees to share the screen         | accepted  |
        | declines to share the screen       | declined  |
        | closes the question with Escape    | declined  |

    @SCREEN-02
    Scenario: The host refuses the question while nobody has joined
      Given a scripted integration
      And the user is waiting for an agent
      When the scripted integration asks to see the screen
      Then "screenShareRequest" is refused
      And the user sees nothing new

    @SCREEN-04
    Scenario: The host takes the question back
      Given a scripted integration
      And the user is talking to "Ada"
      When the scripted integration asks to see the screen
      And the scripted integration calls "screenShareEnded" with []
      Then "screenShareRequest" is answered with "cancelled"
      And the user is no longer asked for the screen

    @SCREEN-04
    Scenario: The host closes what is shared, and otherwise does nothing
      Given a scripted integration
      And the user shares the screen with "Ada"
      When the scripted integration calls "screenShareEnded" with []
      Then the user sees that the screen is no longer shared
      When the scripted integration calls "screenShareEnded" with []
      Then the user sees nothing new
      And the host does not call "screenShareStop"

    @SCREEN-05
    Scenario: The host passes the user's stop on
      Given a scripted integration
      And the user shares the screen with "Ada"
      When the user stops sharing the screen
      Then the host calls "screenShareStop" once
      And the user sees that the screen is no longer shared

    @SCREEN-06
    Scenario: The host tells of the end and of nothing else
      Given a scripted integration
      And the user shares the screen with "Ada"
      When the user ends the chat
      Then the host calls "endChat" once
      And the host does not call "screenShareStop"

    @SCREEN-07
    Scenario: The host takes the question back when the chat ends
      Given a scripted integration
      And the user is talking to "Ada"
      When the scripted integration asks to see the screen
      And the page ends the conversation
      Then "screenShareRequest" is answered with "cancelled"
      And the user is no longer asked for the screen

    @SCREEN-09
    Scenario: The host joins a second question to the first
      Given a scripted integration
      And the user is talking to "Ada"
      When the scripted integration asks to see the screen
      And the scripted integration asks to see the screen
      And the user agrees to share the screen
      Then "screenShareRequest" is answered with "accepted"
      And the user is no longer asked for the screen

    @SCREEN-10
    Scenario: The host never answers that the sharing has ended
      Given a scripted integration
      And the user is talking to "Ada"
      When the scripted integration asks to see the screen
      And the user agrees to share the screen
      And the scripted integration calls "screenShareEnded" with []
      Then "screenShareRequest" is answered with "accepted"
      When the scripted integration asks to see the screen
      And the scripted integration calls "screenShareEnded" with []
      Then "screenShareRequest" is answered with "cancelled"
