Feature: Requesting
  The user asks for an agent and the integration opens a conversation at the desk: promptly, once, for this request and no
  other. When that cannot be, it says so, and leaves nothing behind.

  Rule: The start

    @FLOW-02
    Scenario Outline: The connect item may stand anywhere and be bare: <shape>
      Given the chat is open
      And the assistant hands over with
        """json
        <message>
        """
      When the user requests an agent
      Then "startChat" is fulfilled within 15 seconds
      And the desk has 1 open conversation

      Examples:
        | shape                 | message                                                                                                                                    |
        | after a text item     | {"id": "m1", "output": {"generic": [{"response_type": "text", "text": "One moment."}, {"response_type": "connect_to_agent", "message_to_human_agent": "Help", "transfer_info": {}}]}} |
        | a bare item           | {"id": "m2", "output": {"generic": [{"response_type": "connect_to_agent"}]}}                                                               |
        | an empty context      | {"id": "m3", "context": {}, "output": {"generic": [{"response_type": "connect_to_agent", "transfer_info": {"additional_data": {}}}]}}      |

    @FLOW-03
    Scenario: The start is done when the desk has accepted, not when an agent comes
      Given the chat is open
      When the user requests an agent
      Then the desk has 1 open conversation
      And "startChat" is fulfilled within 15 seconds
      And "agentJoined" has been called 0 times
      When 30 seconds pass
      And "Ann" joins
      Then "agentJoined" is called within 2 seconds

    @FLOW-07
    Scenario Outline: The options may be <shape>
      Given the chat is open
      When the host starts a chat with the options <options>
      Then "startChat" is fulfilled within 15 seconds
      And the desk has 1 open conversation

      Examples:
        | shape             | options                                      |
        | absent            | undefined                                    |
        | empty             | {}                                           |
        | a payload         | {"preStartChatPayload": {"vip": true}}       |
        | another dialect's | {"agentAppInfo": {"sessionHistoryKey": ""}}  |

    @FLOW-08
    Scenario: What the assistant knows reaches the desk first
      Given the chat is open
      And the assistant hands over with
        """json
        {"id": "m1", "output": {"generic": [{"response_type": "connect_to_agent", "message_to_human_agent": "A refund is asked for",
          "transfer_info": {"summary_message_to_agent": [{"response_type": "text", "text": "The parcel came damaged"}], "additional_data": {"order": "4711"}}}]}}
        """
      And the page attaches {"tier": "gold"} to "pre:startChat"
      When the user requests an agent
      And "Ann" joins
      And the user says "Hello"
      Then the desk knew "A refund is asked for" before the user's first line
      And the desk knew "The parcel came damaged" before the user's first line
      And the desk knew "4711" before the user's first line
      And the desk knew "gold" before the user's first line

    @FLOW-17
    Scenario: The same offer can be taken up again after a cancel
      Given the user is waiting for an agent
      When the user cancels the request
      And the user requests an agent
      Then "startChat" is fulfilled within 15 seconds
      And the desk has 1 open conversation

    @FLOW-06
    Scenario: One instance carries one chat after another
      Given the user is talking to "Ann"
      When "Ann" says "First chat"
      And the user reads "First chat"
      And the user ends the chat
      And the user requests an agent
      And "Bob" joins
      And "Bob" says "Second chat"
      And the user reads "Second chat"
      And the user ends the chat
      And the user requests an agent
      And "Cho" joins
      And "Cho" says "Third chat"
      Then the user reads these agent lines
        | First chat  |
        | Second chat |
        | Third chat  |
      And "agentJoined" has been called 3 times
      And "beginTransferToAnotherAgent" has been called 0 times
      And the desk has 3 conversations

  Rule: The failure

    @FLOW-04
    Scenario Outline: A desk that <fails> fails the start
      Given the chat is open
      And the desk <fails>
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And the user sees that connecting failed
      And the host does not call "endChat"

      Examples:
        | fails                              |
        | refuses new conversations with 503 |
        | refuses new conversations with 403 |
        | cuts off new conversations         |
        | never answers new conversations    |

    @FLOW-05
    Scenario: After a failed start there is silence
      Given the chat is open
      And the desk refuses new conversations with 503
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And the integration is silent for 10 seconds

    @FLOW-05
    Scenario: An agent who accepts a start that timed out finds nobody, and the user hears nothing
      Given the chat is open
      And the desk holds its replies to new conversations
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      When the desk lets go
      And the desk sends the arrival of "Ann" in conversation 1
      Then no callback is called for 10 seconds

    @FLOW-09
    Scenario: An agent who accepts is announced
      Given the user is waiting for an agent
      When "Ann" joins
      Then "agentJoined" is called once within 2 seconds

    @FLOW-09
    Scenario: A queue that closes ends the wait
      Given the user is waiting for an agent
      When the desk closes the queue
      Then one of "setErrorStatus, agentEndedChat" is called within 2 seconds
      And the user sees no banner

    @FLOW-09
    Scenario: An agent who accepts while the link is down is announced all the same
      Given the user is waiting for an agent
      When the link drops
      And "Ann" joins
      Then one of "agentJoined, setErrorStatus, agentEndedChat" is called within 60 seconds
      And the user is not left waiting

  Rule: The cancelled request

    @FLOW-10
    Scenario: A request that nobody answers in time is withdrawn
      Given the chat is open with agentJoinTimeoutSeconds set to 20
      When the user requests an agent
      Then "startChat" is fulfilled within 15 seconds
      When 20 seconds pass
      Then the host calls "endChat" once
      And "endChat" is fulfilled within 5 seconds
      And the desk has no open conversation

    @FLOW-11
    Scenario: The user cancels before the desk has answered
      Given the chat is open
      And the desk holds new conversations
      When the user requests an agent
      And the desk has a request for a new conversation
      And the user cancels the request
      Then the host calls "endChat" once
      And "endChat" is fulfilled within 5 seconds
      And "startChat" settles within 5 seconds
      When the desk lets go
      Then the desk has no open conversation

    @FLOW-12
    Scenario: An attempt that was cancelled cannot hurt the next one
      Given the chat is open
      And the desk holds new conversations
      When the user requests an agent
      And the desk has a request for a new conversation
      And the user cancels the request
      Then "endChat" settles within 5 seconds
      And "startChat" has settled before "endChat"
      When the desk accepts new conversations from now on
      And the user requests an agent
      And 30 seconds pass
      And "Ann" joins
      Then the user sees that "Ann" has joined
      And "startChat" has never been rejected after its "endChat"

    @FLOW-15
    Scenario: What belongs to an older conversation is not told in a newer one
      Given the user is talking to "Ann"
      When the user ends the chat
      And the user requests an agent
      And the desk sends the arrival of "Zed" in conversation 1
      And the desk sends the line "A voice from the past" of "Zed" in conversation 1
      Then "agentJoined" is not called
      And "sendMessageToUser" is not called

  Rule: What the host does

    @FLOW-01
    Scenario: One request is one start
      Given a scripted integration
      And the chat is open
      When the user asks for an agent
      And the user double-clicks "request agent"
      Then the host calls "startChat" once

    @FLOW-10
    Scenario: The join timer ends the request, and waiting information does not stop it
      Given a scripted integration
      And the chat is open with agentJoinTimeoutSeconds set to 2
      When the user requests an agent
      And the scripted integration calls "updateAgentAvailability" with [{"position": 1}]
      And 2 seconds pass
      Then the host calls "endChat" once

    @FLOW-10
    Scenario: An agent who joins stops the join timer
      Given a scripted integration
      And the chat is open with agentJoinTimeoutSeconds set to 2
      When the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "a1", "nickname": "Ann", "user_type": "human"}]
      And 2 seconds pass
      Then the host does not call "endChat"

    @FLOW-13
    Scenario: An agent may join before the start has settled
      Given a scripted integration
      And the scripted integration never settles "startChat"
      And the chat is open
      When the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "a1", "nickname": "Ann", "user_type": "human"}]
      And the scripted integration calls "sendMessageToUser" with ["Already here", "a1"]
      Then the user sees that "Ann" has joined
      And the user reads "Already here"

    @FLOW-14
    Scenario: The page may add to a start
      Given a scripted integration
      And the chat is open
      And the page attaches {"vip": true} to "pre:startChat"
      When the user requests an agent
      Then the host calls "startChat" with
        """json
        [{"output": "<any>"}, {"preStartChatPayload": {"vip": true}}]
        """

    @FLOW-14
    Scenario: The page may stop a start
      Given a scripted integration
      And the chat is open
      And the page vetoes the next "pre:startChat"
      When the user requests an agent
      Then the page hears "endChat" with
        """json
        {"requestCancelled": true}
        """
      And the host does not call "startChat"

    @FLOW-16
    Scenario: A suspended chat is ended before another begins
      Given a scripted integration
      And the user is talking to "Ann"
      When the page suspends the conversation
      And the user requests another agent
      Then the host calls "endChat" and then "startChat"
