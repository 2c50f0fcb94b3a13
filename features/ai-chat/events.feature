Feature: Events of the page
  A page listens to the chat: it hears of every step of a hand-off, may add to it, change it or forbid it, and may take its
  time. The chat waits for the page, so an integration has to wait for the chat.

  @EVENT-02
  Scenario: A page that takes its time loses nothing and doubles nothing
    Given the page takes 500 milliseconds over every event
    And the user is talking to "Ann"
    When "Ann" says 3 numbered lines
    Then the user reads the 3 numbered lines in order, each once
    And "agentJoined" has been called 1 time
    When the user ends the chat
    Then "endChat" is fulfilled within 5 seconds
    And the host has called "endChat" 1 time
    And the page shows no error

  @EVENT-02
  Scenario: An agent who joins, speaks and leaves at once overtakes nobody
    Given the page takes 500 milliseconds over every event
    And the user is waiting for an agent
    When "Ann" joins and at once says "Hello and goodbye"
    And "Ann" leaves
    And 3 seconds pass
    Then the user sees that "Ann" has left
    And the user reads "Hello and goodbye"
    And the user reads of the arrival of "Ann" before "Hello and goodbye"
    And the page shows no error

  @EVENT-02
  Scenario Outline: A "<callback>" that the chat refuses is not the end
    Given the page listens to every event
    And the host rejects call <nth> of "<callback>"
    And the user is waiting for an agent
    When "Ann" joins
    And "Ann" says "One"
    And "Ann" says "Two"
    And "Ann" says "Three"
    Then the user reads "Three"
    And the page shows no error

    Examples:
      | callback          | nth |
      | agentJoined       | 1   |
      | sendMessageToUser | 2   |

  Rule: What the host does

    @EVENT-01
    Scenario: The page hears of a request before the integration
      Given a scripted integration
      And the chat is open
      When the user requests an agent
      Then these happen in order
        | the host calls "areAnyAgentsOnline"  |
        | the page hears "areAnyAgentsOnline"  |
        | the page hears "pre:startChat"       |
        | the host calls "startChat"           |

    @EVENT-01
    Scenario: The page hears of a conversation in the order in which it is held
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "sendMessageToUser" with ["How can I help?", "ann"]
      And the user says "I have a question"
      And the user ends the chat
      Then these happen in order
        | the page hears "pre:receive"         |
        | the page hears "receive"             |
        | the page hears "pre:send"            |
        | the host calls "sendMessageToAgent"  |
        | the page hears "send"                |
        | the page hears "pre:endChat"         |
        | the host calls "endChat"             |
        | the page hears "endChat"             |

    @EVENT-01
    Scenario: The chat waits for a slow page before it starts
      Given a scripted integration
      And the page takes 500 milliseconds over every event
      And the chat is open
      And the page attaches {"vip": true} to "pre:startChat"
      When the user requests an agent
      Then the host calls "startChat" with
        """json
        [{"output": "<any>"}, {"preStartChatPayload": {"vip": true}}]
        """

    @EVENT-01
    Scenario: The page learns whose words it hears
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "sendMessageToUser" with ["It is me", "ann"]
      Then the page hears "receive" with
        """json
        {"data": {"output": {"generic": [{"response_type": "text", "text": "It is me"}]}}, "profile": {"id": "ann", "nickname": "Ann"}}
        """

    @EVENT-03
    Scenario Outline: The line that tells of "<callback>" passes the page
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "<callback>" with <arguments>
      Then the page hears "pre:receive" with
        """json
        {"data": {"output": {"generic": [{"response_type": "text", "agent_message_type": "<type>"}]}}}
        """
      And the page hears "receive" with
        """json
        {"data": {"output": {"generic": [{"response_type": "text", "agent_message_type": "<type>"}]}}}
        """

      Examples:
        | callback                    | arguments                                                | type              |
        | agentJoined                 | [{"id": "bob", "nickname": "Bob", "user_type": "human"}] | agent_joined      |
        | agentLeftChat               | []                                                       | agent_left_chat   |
        | agentEndedChat              | []                                                       | agent_ended_chat  |
        | beginTransferToAnotherAgent | [{"id": "bob", "nickname": "Bob", "user_type": "human"}] | transfer_to_agent |
        | setErrorStatus              | [{"type": 2, "isDisconnected": true}]                    | disconnected      |

    @EVENT-03
    Scenario: The question for the screen passes the page
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration asks to see the screen
      Then the page hears "receive" with
        """json
        {"data": {"output": {"generic": [{"response_type": "text", "agent_message_type": "sharing_requested"}]}}}
        """

    @EVENT-03
    Scenario: The page may rewrite what the user reads of the chat
      Given a scripted integration
      And the user is talking to "Ann"
      And the page rewrites "Ann" to "Your agent" in "pre:receive"
      When the scripted integration calls "agentLeftChat" with []
      Then the user has been told "Your agent"

    @EVENT-03
    Scenario: The warning before the page is left passes nobody
      Given a scripted integration
      And the chat is open without the method "reconnect"
      When the user requests an agent
      And the scripted integration calls "agentJoined" with [{"id": "ann", "nickname": "Ann", "user_type": "human"}]
      Then the user is warned of leaving the page
      And the page has heard "receive" 1 time
      And the page has heard "pre:receive" 1 time
