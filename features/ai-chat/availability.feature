Feature: Availability
  Before it offers an agent, the chat asks the integration whether any are online. The answer decides between a button and
  an apology, so it has to be exact, quick and free of side effects.

  @AVAIL-01
  Scenario: An integration that cannot tell is offered all the same
    Given the chat is open without the method "areAnyAgentsOnline"
    When the user asks for an agent
    Then the user sees the connect card
    And the user can request an agent

  Rule: The answer is true, false or null

    @AVAIL-03
    Scenario Outline: Agents are <state>
      Given the chat is open
      And the integration can check availability
      And the desk says that agents are <state>
      When the user asks for an agent
      Then "areAnyAgentsOnline" is fulfilled with <answer> within 5 seconds

      Examples:
        | state          | answer |
        | online         | true   |
        | offline        | false  |
        | undeterminable | null   |

    @AVAIL-04
    Scenario: A desk that does not answer does not keep the user waiting
      Given the chat is open
      And the integration can check availability
      And the desk never answers availability queries
      When the user asks for an agent
      Then "areAnyAgentsOnline" settles within 5 seconds

    @AVAIL-05
    Scenario Outline: A desk that <fails> leaves the question open
      Given the chat is open
      And the integration can check availability
      And the desk <fails>
      When the user asks for an agent
      Then "areAnyAgentsOnline" is fulfilled with null within 5 seconds

      Examples:
        | fails                                  |
        | refuses availability queries with 500  |
        | cuts off availability queries          |
        | garbles availability queries           |

  Rule: The check is a pure question

    @AVAIL-06
    Scenario: Asking three times at once opens nothing
      Given the chat is open
      And the integration can check availability
      When the host calls "areAnyAgentsOnline" 3 times at once
      Then each "areAnyAgentsOnline" settles within 5 seconds
      And the desk has no conversation
      And no callback has been called but "updateCapabilities, updatePersistedState, persistedState"

    @AVAIL-06
    Scenario: Asking in the middle of a chat does not disturb it
      Given the integration can check availability
      And the user is talking to "Ann"
      When the host calls "areAnyAgentsOnline" 3 times at once
      Then each "areAnyAgentsOnline" settles within 5 seconds
      When "Ann" says "Where were we?"
      Then the user reads "Where were we?"
      And the desk has 1 open conversation

    @AVAIL-10
    Scenario: The answer is about the queue that the assistant chose
      Given the chat is open
      And the integration can check availability
      When the assistant hands over to the queue "billing"
      Then the desk was asked about the queue "billing"
      When the assistant hands over to the queue "returns"
      Then the desk was asked about the queue "returns"

    @AVAIL-10
    Scenario: A hand-over without routing data is answered too
      Given the chat is open
      And the integration can check availability
      When the assistant hands over without routing data
      Then "areAnyAgentsOnline" is fulfilled with true within 5 seconds

  Rule: Online is not a promise

    @AVAIL-11
    Scenario: Everyone has gone by the time the user asks
      Given the chat is open
      And the integration can check availability
      When the user asks for an agent
      And the desk says that agents are offline
      And the user requests an agent
      Then "startChat" settles within 15 seconds
      And the page shows no error

    @AVAIL-11
    Scenario: The desk turns the request down after all
      Given the chat is open
      And the integration can check availability
      When the user asks for an agent
      And the desk refuses new conversations with 503
      And the user requests an agent
      Then "startChat" is rejected within 15 seconds

  Rule: What the host does

    @AVAIL-02
    Scenario: One check for each offer, with the whole message, before the card and before any start
      Given a scripted integration
      And the chat is open
      When the user asks for an agent
      Then the host calls "areAnyAgentsOnline" once
      And the host calls "areAnyAgentsOnline" with
        """json
        [{"output": {"generic": [{"response_type": "text"}, {"response_type": "connect_to_agent"}]}}]
        """
      And the host does not call "startChat"

    @AVAIL-07
    Scenario Outline: An answer of <answer> shows <what>
      Given a scripted integration
      And the scripted integration resolves "areAnyAgentsOnline" with <answer>
      And the chat is open
      When the user asks for an agent
      Then the user sees <what>

      Examples:
        | answer | what                         |
        | true   | the connect card             |
        | null   | the connect card             |
        | false  | that no agents are available |

    @AVAIL-08
    Scenario Outline: With auto-connect on, an answer of <answer> <outcome>
      Given a scripted integration
      And the scripted integration resolves "areAnyAgentsOnline" with <answer>
      And the chat is open with skipConnectCard set to true
      When the user asks for an agent
      Then the host <outcome> "startChat"

      Examples:
        | answer | outcome       |
        | true   | calls         |
        | null   | does not call |

    @AVAIL-09
    Scenario Outline: The page hears "<outcome>" after an answer of <answer>
      Given a scripted integration
      And the scripted integration resolves "areAnyAgentsOnline" with <answer>
      And the chat is open
      When the user asks for an agent
      Then the page hears "areAnyAgentsOnline" with
        """json
        {"areAnyAgentsOnline": "<outcome>"}
        """

      Examples:
        | answer | outcome |
        | true   | online  |
        | false  | offline |
        | null   | unknown |

    @AVAIL-09
    Scenario: The page hears "unknown" from an integration that cannot tell
      Given a scripted integration
      And the chat is open without the method "areAnyAgentsOnline"
      When the user asks for an agent
      Then the page hears "areAnyAgentsOnline" with
        """json
        {"areAnyAgentsOnline": "unknown"}
        """
