Feature: Reconnecting after a reload
  A page that is loaded again has lost all its memory, and a chat may go on all the same: the host remembers that an agent
  had joined, the integration has stored how to find its conversation, and reconnect says whether it is still there.

  Rule: Without reconnecting, a reload ends the chat

    @RECON-01
    Scenario: A chat that cannot be resumed is over, and another one can begin
      Given the chat is open without the method "reconnect"
      And the user is talking to "Ann"
      When the user reloads the page
      Then the user sees no banner
      And the host does not call "startChat"
      When the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined
      And the desk has 2 conversations

    @RECON-12
    Scenario: A reload while waiting gives the place in the queue away
      Given the user is waiting for an agent
      When the user reloads the page
      Then the host does not call "reconnect"
      And the user sees no banner
      When 2 minutes pass at the desk
      Then the desk has no open conversations

    @RECON-12
    Scenario: Nobody hears of a request that was given away
      Given the user is waiting for an agent
      When the user reloads the page
      And the desk sends the arrival of "Ann" in conversation 1
      Then no callback but "updateCapabilities, updatePersistedState, persistedState" is called for 5 seconds

    @RECON-12
    Scenario: The next request after a reload begins anew
      Given the user is waiting for an agent
      When the user reloads the page
      And the user requests an agent
      Then "startChat" is fulfilled within 15 seconds
      And the desk has 2 conversations
      When "Bob" joins
      And "Bob" says "Hello from the second conversation"
      Then the user sees that "Bob" has joined
      And the user reads these agent lines
        | Hello from the second conversation |

  Rule: With it, the chat goes on

    @RECON-03
    Scenario: A conversation that is still there is found again, and works at once in both directions
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user reloads the page
      Then "reconnect" is fulfilled with true within 30 seconds
      When the user says "Where were we?"
      Then "sendMessageToAgent" is fulfilled within 20 seconds
      And the desk has received "Where were we?"
      When "Ann" says "At your bill."
      Then the user reads "At your bill."

    @RECON-03
    Scenario: A conversation that the desk has forgotten is not promised
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      And the desk forgets the conversation
      And the page is back
      Then "reconnect" is fulfilled with false or rejected within 30 seconds
      And the user sees no banner

    @RECON-03
    Scenario: A conversation that has ended meanwhile is over for the user too
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      And "Ann" ends the conversation
      And the page is back
      Then "reconnect" settles within 30 seconds
      And the user sees no banner

    @RECON-04
    Scenario Outline: A desk that <is silent> does not lock the user out
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      And the desk <is silent>
      And the page is back
      Then "reconnect" is fulfilled with false or rejected within 30 seconds
      And the user can type a message

      Examples:
        | is silent                 |
        | never answers at all      |
        | cannot be reached         |

    @RECON-05
    Scenario Outline: After a no nothing is left, when the desk <is gone>
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      And the desk <is gone>
      And the page is back
      Then "reconnect" is fulfilled with false or rejected within 30 seconds
      And nothing of the conversation is stored
      When 2 seconds pass
      Then the integration is silent for 15 seconds
      When the desk answers everything from now on
      And the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined

      Examples:
        | is gone                   |
        | forgets the conversation  |
        | never answers at all      |

    @RECON-06
    Scenario: The user may give up while the chat reconnects
      Given the integration can reconnect
      And the user is talking to "Ann"
      And the user begins to reload the page
      And the desk holds everything but endings
      And the page is back
      When the user ends the chat
      Then "endChat" is fulfilled within 5 seconds
      And the conversation is over at the desk within 5 seconds
      And "reconnect" is fulfilled with false or rejected within 5 seconds
      And the user sees that the chat has ended
      When the desk answers everything from now on
      And the desk sends the line "Are you there?" of "Ann" in conversation 1
      Then no callback but "updateCapabilities, updatePersistedState, persistedState" is called for 5 seconds

    @RECON-07
    Scenario: Who has given up reconnecting is not in the way of the next chat
      Given the integration can reconnect
      And the user is talking to "Ann"
      And the user begins to reload the page
      And the desk holds everything but endings
      And the page is back
      When the user ends the chat
      Then "reconnect" has settled before "endChat"
      When the desk answers everything from now on
      And the user requests an agent
      And "Bob" joins
      And 30 seconds pass
      Then the user sees that "Bob" has joined
      And the user can type a message

    @RECON-08
    Scenario: The same agent does not arrive again
      Given the chat keeps its history
      And the integration can reconnect
      And the user is talking to "Ann"
      And "Ann" says "Hello"
      And the user reads "Hello"
      When the user reloads the page
      Then "reconnect" is fulfilled with true within 30 seconds
      And the user sees "Ann" in the banner
      When "Ann" says "Still here"
      Then the user reads "Still here"
      And "agentJoined" has been called 1 time
      And each line carries the id with which its agent joined

    @RECON-08
    Scenario: An agent who has come meanwhile is announced
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      And "Ann" leaves
      And "Bob" joins
      And "Bob" says "I am taking over"
      And the page is back
      Then "reconnect" is fulfilled with true within 30 seconds
      And the user sees that "Bob" has joined
      And the user reads "I am taking over"
      And the user sees "Bob" in the banner
      And each line carries the id with which its agent joined

    @RECON-08
    Scenario: An agent who comes only after the reload is announced
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user reloads the page
      Then "reconnect" is fulfilled with true within 30 seconds
      When "Ann" leaves
      And "Bob" joins
      And "Bob" says "I am taking over"
      Then the user reads "I am taking over"
      And the user reads of the arrival of "Bob" before "I am taking over"

    @RECON-09
    Scenario: What was said meanwhile is read once and in order, and what was read before is not repeated
      Given the chat keeps its history
      And the integration can reconnect
      And the user is talking to "Ann"
      When "Ann" says 3 numbered lines
      And the user says "I am reading"
      Then the user reads the 3 numbered lines in order, each once
      And the desk has received "I am reading"
      When the user begins to reload the page
      And "Ann" says 2 more numbered lines
      And the page is back
      And "Ann" says 2 more numbered lines
      Then the user reads the 7 numbered lines in order, each once
      And the desk has received exactly
        | I am reading |

    @RECON-09
    Scenario: One reload after the other loses nothing
      Given the chat keeps its history
      And the integration can reconnect
      And the user is talking to "Ann"
      When "Ann" says 1 numbered lines
      And the user begins to reload the page
      And "Ann" says 1 more numbered lines
      And the page is back
      Then the user reads the 2 numbered lines in order, each once
      When the user begins to reload the page
      And "Ann" says 1 more numbered lines
      And the page is back
      Then the user reads the 3 numbered lines in order, each once

    @RECON-10
    Scenario: A reload right after the arrival loses nothing
      Given the integration can reconnect
      And the user is waiting for an agent
      When "Ann" joins
      And the user reloads the page as soon as "agentJoined" is called
      Then "reconnect" is fulfilled with true within 30 seconds
      When the user says "That was quick"
      Then the desk has received "That was quick"

    @RECON-10
    Scenario: The second chat of a page is found again, not the first
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user ends the chat
      And the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined
      When the user reloads the page
      Then "reconnect" is fulfilled with true within 30 seconds
      When "Bob" says "Welcome back"
      Then the user reads "Welcome back"

    @RECON-11
    Scenario: Files can be sent as before
      Given the integration takes files
      And the integration can reconnect
      And the user is talking to "Ann"
      When the user reloads the page
      Then "reconnect" is fulfilled with true within 30 seconds
      And "updateCapabilities" is called within 2 seconds

    @LIFE-17 @dialect:ai-chat @dialect:web-chat
    Scenario: Who can reconnect does not take a reload for a departure
      Given the integration can reconnect
      And the user is talking to "Ann"
      When the user begins to reload the page
      Then the desk has received no ending
      And the desk has 1 open conversation
      When the page is back
      Then "reconnect" is fulfilled with true within 30 seconds

    @FACT-10 @dialect:ai-chat @dialect:web-chat
    Scenario: Two chats on one page are each found again by their own
      Given two chats on one page
      And the integration can reconnect
      And the user of chat 1 is talking to "Ann"
      And the user of chat 2 is talking to "Bob"
      When the user reloads the page
      And "Ann" says "For the first chat"
      And "Bob" says "For the second chat"
      Then the user of chat 1 reads "For the first chat" and not "For the second chat"
      And the user of chat 2 reads "For the second chat" and not "For the first chat"

  Rule: What the host does

    @RECON-02
    Scenario: The host asks the integration to reconnect, and holds the user's words until it knows
      Given a scripted integration
      And the scripted integration waits before it resolves "reconnect" with true
      And the user is talking to "Ann"
      When the user reloads the page
      Then the host calls "reconnect" once
      And these happen in order
        | the host calls "factory"   |
        | the host calls "reconnect" |
      And the host does not call "startChat"
      And the user sees that the chat is reconnecting to "Ann"
      When the scripted integration waits no longer
      Then "reconnect" is fulfilled with true within 1 seconds
      And the user can type a message
      And the user sees "Ann" in the banner
      When the user says "Hello again"
      Then the host calls "sendMessageToAgent"

    @RECON-02
    Scenario: What was never connected is not reconnected
      Given a scripted integration
      And the user is talking to "Ann"
      When the user ends the chat
      And the user reloads the page
      Then the host does not call "reconnect"
      And the user sees no banner

    @RECON-02
    Scenario: An agent who joins while the chat reconnects ends the wait
      Given a scripted integration
      And the scripted integration never settles "reconnect"
      And the user is talking to "Ann"
      When the user reloads the page
      And the scripted integration calls "agentJoined" with [{"id": "bob", "nickname": "Bob", "user_type": "human"}]
      Then the user sees that "Bob" has joined
      And the user can type a message

    @RECON-02
    Scenario: Of two answers the first counts
      Given a scripted integration
      And the scripted integration keeps its promise of "reconnect" twice, with true and with false
      And the user is talking to "Ann"
      When the user reloads the page
      Then the user sees "Ann" in the banner
      And the user can type a message

    @RECON-02
    Scenario: A suspended chat is still suspended after a reload
      Given a scripted integration
      And the user is talking to "Ann"
      And the page suspends the conversation
      When the user reloads the page
      Then the host calls "reconnect" once
      And the user sees no banner
      When the page resumes the conversation
      Then the user sees "Ann" in the banner

    @RECON-06
    Scenario: The host ends a chat that is still reconnecting
      Given a scripted integration
      And the scripted integration waits before it resolves "reconnect" with false
      And the user is talking to "Ann"
      When the user reloads the page
      And the user ends the chat
      Then the host calls "endChat" once
      And the user sees no banner
      And the user can type a message

    @RECON-07
    Scenario Outline: The host is not troubled by an answer of <answer> that comes in the next chat
      Given a scripted integration
      And the scripted integration waits before it resolves "reconnect" with <answer>
      And the user is talking to "Ann"
      When the user reloads the page
      And the user ends the chat
      And the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "bob", "nickname": "Bob", "user_type": "human"}]
      And the scripted integration waits no longer
      Then a breach of "RECON-07" is recorded
      When 5 seconds pass
      Then the user sees "Bob" in the banner
      And the user can type a message

      Examples:
        | answer |
        | true   |
        | false  |

    @RECON-12
    Scenario: The host forgets a request that was still waiting
      Given a scripted integration
      And the user is waiting for an agent
      When the user reloads the page
      Then the host does not call "reconnect"
      And the host does not call "endChat"
      And the user sees no banner

    @RECON-13
    Scenario: A page that allows no reconnecting
      Given a scripted integration
      And the chat keeps its history
      And the chat is open with allowReconnect set to false
      And the user is talking to "Ann"
      When the user reloads the page
      Then the host does not call "reconnect"
      And the host does not call "endChat"
      And the user sees no banner
      And the user sees that the chat has ended, and no name

    @RECON-14
    Scenario Outline: A chat that cannot be resumed is closed in the conversation: <how>
      Given a scripted integration
      And the chat keeps its history
      And <how>
      And the user is talking to "Ann"
      When the user reloads the page
      Then the user sees that the chat has ended, and no name
      And the user sees that the assistant is back
      And the user sees one greeting
      And the host does not call "endChat"
      And the page has not heard "endChat"
      And the user can type a message

      Examples:
        | how                                                                  |
        | the scripted integration resolves "reconnect" with false             |
        | the scripted integration resolves "reconnect" with null              |
        | the scripted integration rejects "reconnect" with "session expired"  |
        | the scripted integration has no "reconnect"                          |

    @RECON-14
    Scenario: Where no history was kept there is nothing to close
      Given a scripted integration
      And the scripted integration resolves "reconnect" with false
      And the user is talking to "Ann"
      When the user reloads the page
      Then the user sees no banner
      And the user sees not a single line
