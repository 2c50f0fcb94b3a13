Feature: Leaving and ending
  A conversation can be left by the agent, closed by the desk, ended or cancelled by the user, timed out, replaced. Each way
  is told once to whoever does not know yet, and then there is silence.

  Rule: The agent goes

    @LIFE-01
    Scenario: Leaving is not ending
      Given the user is talking to "Ann"
      When "Ann" leaves
      Then "agentLeftChat" is called once within 2 seconds
      And "agentEndedChat" has been called 0 times
      And the host does not call "endChat"
      And the user can type a message

    @LIFE-02
    Scenario: The desk closes the conversation, and the user learns it once
      Given the user is talking to "Ann"
      When "Ann" ends the conversation
      Then "agentEndedChat" is called once within 2 seconds
      And the host calls "endChat" with
        """json
        [{"endedByAgent": true}]
        """
      And the user sees that the chat has ended

    @LIFE-03
    Scenario: Ending what the agent has ended is only tidying up
      Given the user is talking to "Ann"
      When "Ann" ends the conversation
      Then "endChat" is fulfilled within 5 seconds
      And the desk has received no ending

    @LIFE-05
    Scenario: Leaving and closing together is one ending
      Given the user is talking to "Ann"
      When "Ann" leaves, and with that the conversation ends
      Then "agentEndedChat" is called once within 2 seconds
      And "agentLeftChat" has been called at most 1 time, and not after "agentEndedChat"

    @LIFE-16
    Scenario: A page may keep a chat open that the agent has ended
      Given the user is talking to "Ann"
      And the page vetoes the next "pre:endChat"
      When "Ann" ends the conversation
      Then "agentEndedChat" is called once within 2 seconds
      When the user says "Wait!"
      Then "sendMessageToAgent" settles within 20 seconds
      When the user ends the chat
      Then "endChat" is fulfilled within 5 seconds

  Rule: The user goes

    @LIFE-04
    Scenario Outline: The desk's echo of the user's end is not news: it comes <when>
      Given the user is talking to "Ann"
      And the desk echoes the user's end <when>
      When the user ends the chat
      And 2 seconds pass
      Then "agentEndedChat" has been called 0 times
      And "agentLeftChat" has been called 0 times
      And the host has called "endChat" 1 time

      Examples:
        | when                     |
        | before it answers        |
        | after it has answered    |

    @LIFE-04
    Scenario: An echo that comes late is not news either
      Given the user is talking to "Ann"
      When the user ends the chat
      And the desk sends the end of conversation 1
      And 2 seconds pass
      Then "agentEndedChat" has been called 0 times
      And "agentLeftChat" has been called 0 times

    @LIFE-07
    Scenario: A desk that does not answer cannot hold the user
      Given the user is talking to "Ann"
      And the desk never answers endings
      When the user ends the chat
      Then "endChat" settles within 5 seconds

    @LIFE-08
    Scenario: The desk is told that the user has gone
      Given the user is talking to "Ann"
      When the user ends the chat
      Then the conversation is over at the desk within 5 seconds

    @LIFE-08
    Scenario: The desk is told that nobody waits any more
      Given the user is waiting for an agent
      When the user cancels the request
      Then the conversation is over at the desk within 5 seconds

    @LIFE-09
    Scenario Outline: Everything is let go of, even if the desk <fails>
      Given the user is talking to "Ann"
      And the desk <fails>
      When the user ends the chat
      Then "endChat" settles within 5 seconds
      And the integration no longer listens to the desk
      When the desk accepts endings from now on
      And the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined

      Examples:
        | fails                     |
        | refuses endings with 500  |
        | cuts off endings          |

    @LIFE-10
    Scenario Outline: The reason may be told in any shape: <shape>
      Given the user is talking to "Ann"
      When the host calls "endChat" with
        """json
        <arguments>
        """
      Then "endChat" is fulfilled within 5 seconds

      Examples:
        | shape                       | arguments                                                 |
        | the AI chat's               | [{"endedByHumanAgent": false, "preEndChatPayload": null}] |
        | the same, without a payload | [{"endedByHumanAgent": false}]                            |
        | the web chat's              | [{"endedByAgent": true, "preEndChatPayload": {"r": 5}}]   |
        | an early web chat's         | [{"preEndChatPayload": null}]                             |
        | empty                       | [{}]                                                      |
        | not at all                  | []                                                        |

    @LIFE-11
    Scenario: Ending nothing is fine
      Given the chat is open
      When the host calls "endChat" 2 times at once
      Then each "endChat" is fulfilled within 5 seconds
      And the page shows no error

    @LIFE-11
    Scenario: Ending twice is ending once
      Given the user is talking to "Ann"
      When the host calls "endChat" 2 times at once
      Then each "endChat" is fulfilled within 5 seconds
      When the host calls "endChat" 1 time at once
      Then each "endChat" is fulfilled within 5 seconds
      And the desk has received 1 ending

    @LIFE-17
    Scenario: A user who closes the page is missed
      Given the user is talking to "Ann"
      When the user closes the page
      And 2 minutes pass at the desk
      Then the conversation is over at the desk within 5 seconds

  Rule: Then there is silence

    @LIFE-12
    Scenario Outline: Nothing moves after <who> ended the chat
      Given the user is talking to "Ann"
      When <ending>
      Then "endChat" settles within 5 seconds
      And the integration is silent for 15 seconds

      Examples:
        | who       | ending                      |
        | the user  | the user ends the chat      |
        | the agent | "Ann" ends the conversation |

    @LIFE-12
    Scenario: Nothing moves after a cancelled request
      Given the user is waiting for an agent
      When the user cancels the request
      Then "endChat" settles within 5 seconds
      And the integration is silent for 15 seconds

  Rule: What the host does

    @LIFE-01
    Scenario: The host keeps the line open when the agent leaves
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "agentLeftChat" with []
      Then the user sees that "Ann" has left
      And the user can type a message
      And the host does not call "endChat"

    @LIFE-02
    Scenario: The host closes the chat that the agent ended, and the assistant returns
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "agentEndedChat" with []
      Then the host calls "endChat" once
      And the user sees that the chat has ended
      When 2 seconds pass
      Then the user sees that the assistant is back

    @LIFE-06
    Scenario Outline: The host ends the chat when <trigger>
      Given a scripted integration
      And the user is talking to "Ann"
      When <trigger>
      Then the host calls "endChat" once

      Examples:
        | trigger                |
        | the user ends the chat |

      @dialect:ai-chat @dialect:web-chat
      Examples: what a page can do
        | trigger                            |
        | the page ends the conversation     |
        | the page restarts the conversation |

      @dialect:ai-chat
      Examples: what a page can do in this chat alone
        | trigger                       |
        | the page replaces the factory |

    @LIFE-06
    Scenario: The host ends the request that the user cancels
      Given a scripted integration
      And the chat is open
      When the user requests an agent
      And the user cancels the request
      Then the host calls "endChat" once

    @LIFE-06
    Scenario: The host does not end what never started
      Given a scripted integration
      And the scripted integration rejects "startChat" with "no desk"
      And the chat is open
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And the host does not call "endChat"

    @LIFE-13
    Scenario: A last word inside the end is still shown
      Given a scripted integration
      And the scripted integration says "Thank you and goodbye" while it ends
      And the user is talking to "Ann"
      When the user ends the chat
      Then the user reads "Thank you and goodbye"
      And the user reads "Thank you and goodbye" before the end of the chat

    @LIFE-14
    Scenario Outline: After the end the host ignores "<callback>"
      Given a scripted integration
      And the user is talking to "Ann"
      When the user ends the chat
      And 2 seconds pass
      And the scripted integration calls "<callback>" with <arguments>
      Then the user sees nothing new
      And the host has called "endChat" 1 time

      Examples:
        | callback                    | arguments                                                |
        | agentJoined                 | [{"id": "z", "nickname": "Zed", "user_type": "human"}]   |
        | agentTyping                 | [true]                                                   |
        | sendMessageToUser           | ["Too late", "ann"]                                      |
        | beginTransferToAnotherAgent | [{"id": "z", "nickname": "Zed", "user_type": "human"}]   |
        | agentLeftChat               | []                                                       |
        | agentEndedChat              | []                                                       |
        | setErrorStatus              | [{"type": 2, "isDisconnected": true}]                    |

      @dialect:ai-chat @dialect:web-chat
      Examples: which Orchestrate Chat does not have
        | callback                | arguments         |
        | updateAgentAvailability | [{"position": 1}] |
        | agentReadMessages       | []                |

    @LIFE-15
    Scenario: The page may keep the user in the chat
      Given a scripted integration
      And the user is talking to "Ann"
      And the page vetoes the next "pre:endChat"
      When the user ends the chat
      Then the page hears "pre:endChat"
      And the host does not call "endChat"
      And the user can type a message

    @LIFE-15
    Scenario: The page may keep a chat open that the agent ended
      Given a scripted integration
      And the user is talking to "Ann"
      And the page vetoes the next "pre:endChat"
      When the scripted integration calls "agentEndedChat" with []
      Then the page hears "pre:endChat" with
        """json
        {"endedByAgent": true}
        """
      And the host does not call "endChat"

    @LIFE-15
    Scenario: The page may add to an end
      Given a scripted integration
      And the user is talking to "Ann"
      And the page attaches {"rating": 5} to "pre:endChat"
      When the user ends the chat
      Then the host calls "endChat" with
        """json
        [{"endedByAgent": false, "preEndChatPayload": {"rating": 5}}]
        """

    @LIFE-18
    Scenario: The page learns that a request was cancelled
      Given a scripted integration
      And the chat is open
      When the user requests an agent
      And the user cancels the request
      Then the page hears "endChat" with
        """json
        {"endedByAgent": false, "requestCancelled": true}
        """

    @LIFE-18
    Scenario: The page learns who ended a conversation
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "agentEndedChat" with []
      Then the page hears "endChat" with
        """json
        {"endedByAgent": true, "requestCancelled": false}
        """

    @LIFE-19
    Scenario: While suspended, the user talks to the assistant
      Given a scripted integration
      And the user is talking to "Ann"
      When the page suspends the conversation
      And the user says "What is the weather like?"
      Then the host does not call "sendMessageToAgent"
      And the host does not call "endChat"
      And the user sees no banner
