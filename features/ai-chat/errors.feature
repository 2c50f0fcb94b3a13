Feature: Errors
  Three things can go wrong that the user has to know of: no connection comes about, a connection is lost, a line that seemed to be sent did
  not arrive. Each has its own way of being told, once, and none of them leaves the user stuck.

  Rule: No connection comes about

    @ERR-01
    Scenario: A failed request is told in a form that the chat knows
      Given the chat is open
      And the desk refuses new conversations with 503
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And every error that was reported has a type and the fields of that type

    @ERR-02
    Scenario: A request for which nobody will come is over on both sides
      Given the user is waiting for an agent
      When the desk closes the queue
      Then one of "setErrorStatus, agentEndedChat" is called within 2 seconds
      And the user sees no banner
      And the conversation is over at the desk within 5 seconds
      When the desk sends the arrival of "Ann" in conversation 1
      Then "agentJoined" is not called

    @ERR-14
    Scenario: An error without a documented form has the form that all chats share
      Given the user is waiting for an agent
      When the desk closes the queue
      Then one of "setErrorStatus, agentEndedChat" is called within 2 seconds
      And every error that was reported is of type 1 or 2
      And the user sees no banner

    @ERR-04
    Scenario: The user reads one reason, and it is the integration's if it has one
      Given the chat is open
      And the desk refuses new conversations with 503
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And a reason that the integration gave is the only one that the user reads
      And a reason that the integration gave was on its way before "startChat" was rejected

    @ERR-04
    Scenario: The same where the page listens, and a callback takes its time
      Given the page listens to every event
      And the chat is open
      And the desk refuses new conversations with 503
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And a reason that the integration gave is the only one that the user reads

    @ERR-07
    Scenario: A request whose link is lost either lives on unseen or is over for good
      Given the user is waiting for an agent
      When the link to the desk is lost
      And 5 seconds pass
      And the link to the desk is back
      And the desk sends the arrival of "Ann" in conversation 1
      Then one of "agentJoined, setErrorStatus, agentEndedChat" is called within 60 seconds
      And the user is not left waiting
      And a request that was reported as failed is not resumed

    @FLOW-09
    Scenario: A desk that is never heard of again ends the wait
      Given the user is waiting for an agent
      When the link to the desk is lost
      Then the wait ends within 10 minutes

  Rule: A connection is lost

    @ERR-01
    Scenario: A loss and a recovery are told in a form that the chat knows
      Given the user is talking to "Ann"
      When the link to the desk is lost and comes back 1 times
      Then every error that was reported has a type and the fields of that type

    @ERR-03
    Scenario: What goes wrong after an agent has joined is no connecting error
      Given the user is talking to "Ann"
      When the link to the desk is lost
      And 600 seconds pass
      Then no connecting error has been reported since "Ann" joined

    @ERR-03
    Scenario: A queue that closes behind the agent is no connecting error
      Given the user is talking to "Ann"
      When the desk sends the event "queue.closed" with {"reason": "closing time"}
      And 2 seconds pass
      Then no connecting error has been reported since "Ann" joined
      And the user can type a message

    @ERR-05
    Scenario: The user learns that the agent is out of reach, and stays in the chat
      Given the user is talking to "Ann"
      When the link to the desk is lost
      Then the integration reports that the link is lost
      And the user sees that the connection is lost
      And the user cannot type a message
      And "agentEndedChat" has been called 0 times

    @ERR-06
    Scenario: The user learns that the agent is there again
      Given the user is talking to "Ann"
      When the link to the desk is lost
      And the integration reports that the link is lost
      And the link to the desk is back
      Then the integration reports that the link is back
      And the user can type a message
      When the user says "Are you still there?"
      Then the desk has received "Are you still there?"

    @ERR-08
    Scenario: A loss is told once, and so is a recovery
      Given the user is talking to "Ann"
      When the link to the desk is lost and comes back 5 times
      Then losses and recoveries have been reported in turn

    @ERR-09
    Scenario: A link that is gone for good is not tried for ever
      Given the user is talking to "Ann"
      When the link to the desk is lost
      Then the integration ends the chat, or stops trying, within 10 minutes

    @ERR-09
    Scenario: The user can leave while the link is lost
      Given the user is talking to "Ann"
      When the link to the desk is lost
      And 3 seconds pass
      And the user ends the chat
      Then "endChat" settles within 5 seconds
      And the user sees that the chat has ended
      When the link to the desk is back
      Then no callback is called for 15 seconds

    @ERR-10
    Scenario: What the agent says meanwhile is read afterwards
      Given the user is talking to "Ann"
      When the link to the desk is lost
      And 3 seconds pass
      And "Ann" says 5 numbered lines
      And 3 seconds pass
      And the link to the desk is back
      Then the user reads the 5 numbered lines in order, each once

  Rule: A line did not arrive

    @ERR-11
    Scenario: A line that failed after it was accepted is marked
      Given the user is talking to "Ann"
      When the user says "Please call me back"
      And "sendMessageToAgent" is fulfilled within 20 seconds
      And the desk could not deliver "Please call me back" after all
      Then the integration flags "Please call me back" as failed, if it tells of late failures

  Rule: What nobody is told

    @ERR-12
    Scenario: What is reported for the console gives nothing away
      Given the chat is open
      And the desk refuses new conversations with 503
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And what was reported for the log holds no secret

    @ERR-12
    Scenario: A loss gives nothing away
      Given the user is talking to "Ann"
      When the user says "My number is 0170 1234567"
      And the desk has received "My number is 0170 1234567"
      And the link to the desk is lost and comes back 1 times
      Then what was reported for the log holds no secret

    @ERR-13
    Scenario Outline: What is no event of the wire harms nobody: <what>
      Given the user is talking to "Ann"
      When the desk sends what is no event: <raw>
      Then no error of the integration went uncaught

      Examples:
        | what              | raw                      |
        | half an object    | {"cursor": 4, "type": "m |
        | a page of a proxy | <html>Bad gateway</html> |
        | nothing           | nothing                  |
        | null              | null                     |
        | a number          | 7                        |
        | a list            | [{"type": "message"}]    |

    @ERR-13
    Scenario Outline: An event without its fields harms nobody: <type>
      Given the user is talking to "Ann"
      When the desk sends the event "<type>" with <fields>
      And "Ann" says "Still here"
      And 2 seconds pass
      Then no error of the integration went uncaught

      Examples:
        | type              | fields           |
        | agent.joined      | {}               |
        | agent.left        | {}               |
        | agent.typing      | {"typing": true} |
        | message           | {}               |
        | queue.updated     | {}               |
        | message.failed    | {}               |
        | something.unknown | {"more": [1, 2]} |

    @ERR-13
    Scenario Outline: A desk that <does> harms nobody
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Hello?"
      Then "sendMessageToAgent" settles within 20 seconds
      And no error of the integration went uncaught

      Examples:
        | does                   |
        | garbles messages       |
        | cuts off messages      |
        | never answers messages |

    @ERR-13
    Scenario: A link that is gone for good harms nobody
      Given the user is talking to "Ann"
      When the link to the desk is lost
      And 60 seconds pass
      Then no error of the integration went uncaught

  Rule: What the host does

    @ERR-02
    Scenario: A connecting error ends the request, with its reason, and without endChat
      Given a scripted integration
      And the user is waiting for an agent
      When the scripted integration calls "setErrorStatus" with [{"type": 1, "messageToUser": "All our agents have gone home"}]
      Then the user sees that connecting failed
      And the user has been told "All our agents have gone home"
      And the host does not call "endChat"
      And the page hears "endChat" with
        """json
        {"endedByAgent": false, "requestCancelled": true}
        """

    @ERR-04
    Scenario: Of a reason and a rejection the first is shown
      Given a scripted integration
      And the scripted integration reports "We are closed today" and then rejects "startChat"
      And the chat is open
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And a reason that the integration gave is the only one that the user reads

    @ERR-05
    Scenario: A lost connection locks the input and leaves the way out
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": true}]
      Then the user sees that the connection is lost
      And the user cannot type a message
      And the user sees "Ann" in the banner
      When the user ends the chat
      Then the host calls "endChat" once
      And the user can talk to the assistant

    @ERR-06
    Scenario: A recovered connection gives the input back
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": true}]
      And the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": false}]
      Then the user sees that the connection is back
      And the user can type a message

    @ERR-06
    Scenario: A recovery of what was never lost is nothing
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": false}]
      Then the user sees nothing new

    @ERR-06
    Scenario: The next chat does not inherit a lost connection
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": true}]
      And the user ends the chat
      And the user requests an agent
      And the user sees the waiting banner
      And the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": false}]
      Then the user sees nothing new
      And the user sees the waiting banner

    @ERR-07
    Scenario: A connection lost while waiting is a connecting error with the chat's own words
      Given a scripted integration
      And the user is waiting for an agent
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": true, "messageToUser": "not shown"}]
      Then the user sees that connecting failed
      And the user has not been told "not shown"
      And the host does not call "endChat"
      And the page hears "endChat" with
        """json
        {"endedByAgent": false, "requestCancelled": true}
        """

    @ERR-07
    Scenario: A recovery while waiting is nothing
      Given a scripted integration
      And the user is waiting for an agent
      When the scripted integration calls "setErrorStatus" with [{"type": 2, "isDisconnected": false}]
      Then the user sees nothing new
      And the user sees the waiting banner

    @ERR-11
    Scenario Outline: A line is found by <id>
      Given a scripted integration
      And the user is talking to "Ann"
      When the user says "Please call me back"
      And "sendMessageToAgent" is fulfilled within 20 seconds
      And the scripted integration reports that its last line failed, by <id>
      Then the user sees that "Please call me back" was not sent

      Examples:
        | id                     |
        | the id beside the line |
        | the id within the line |
