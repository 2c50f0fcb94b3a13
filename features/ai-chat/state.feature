Feature: Persisted state
  What an integration has to know after a reload it gives to the host, which keeps it in the session storage of the page:
  little, plain data, and only as long as it is of use.

  Scenario Outline: While a chat goes on, <what>
    Given the integration stores state
    And the chat is open
    When the user is talking to "Ann"
    Then "updatePersistedState" is called within 2 seconds
    When "Ann" says 3 numbered lines
    And the user says "Thank you"
    And 1 seconds pass
    And "Ann" leaves
    And "Bob" joins
    And "Bob" says 2 more numbered lines
    And the user ends the chat
    Then "endChat" settles within 5 seconds
    And <what>

    @STATE-02
    Examples:
      | what                                                |
      | what is stored is data that JSON can carry          |

    @STATE-03
    Examples:
      | what                                                |
      | what is stored is nobody's living object            |

    @STATE-04
    Examples:
      | what                                                |
      | what was read of the state has not been written on  |

    @STATE-05
    Examples:
      | what                                                |
      | what is stored is small                             |

  Scenario Outline: After a reload, <what>
    Given the integration can reconnect
    And the integration stores state
    When the user is talking to "Ann"
    Then "updatePersistedState" is called within 2 seconds
    When the user reloads the page
    And "Ann" says 3 numbered lines
    Then "reconnect" settles within 30 seconds
    And <what>

    @STATE-02
    Examples:
      | what                                                |
      | what is stored is data that JSON can carry          |

    @STATE-03
    Examples:
      | what                                                |
      | what is stored is nobody's living object            |

    @STATE-04
    Examples:
      | what                                                |
      | what was read of the state has not been written on  |

  @STATE-05
  Scenario: A long conversation needs no more room than a short one
    Given the integration stores state
    And the chat is open
    When the user is talking to "Ann"
    Then "updatePersistedState" is called within 2 seconds
    When "Ann" says 50 numbered lines
    Then the user reads the 50 numbered lines in order, each once
    When "Ann" says 50 more numbered lines
    Then the user reads the 100 numbered lines in order, each once
    And what is stored is small
    And what is stored has not grown with the last 50 lines

  @STATE-07
  Scenario Outline: When <who> has ended the chat, nothing of it is stored any more
    Given the integration stores state
    And the chat is open
    When the user is talking to "Ann"
    Then "updatePersistedState" is called within 2 seconds
    When <ending>
    Then "endChat" is fulfilled within 5 seconds
    And nothing of the conversation is stored

    Examples:
      | who       | ending                      |
      | the user  | the user ends the chat      |
      | the agent | "Ann" ends the conversation |

  @STATE-07
  Scenario: A request that was cancelled leaves nothing behind
    Given the user is waiting for an agent
    When the user cancels the request
    Then "endChat" is fulfilled within 5 seconds
    And nothing of the conversation is stored

  @STATE-08
  Scenario: No secret is stored
    Given the user is talking to "Ann"
    When the user says "Hello"
    And "Ann" says "Hello to you"
    Then the user reads "Hello to you"
    And no secret is stored in the browser
    When the user ends the chat
    Then no secret is stored in the browser

  @STATE-09
  Scenario: A host that stores nothing is good enough for a chat
    Given the chat is open without the callbacks "persistedState, updatePersistedState"
    When the user is talking to "Ann"
    And the user says "Can you help me?"
    And "Ann" says "I can"
    Then the desk has received "Can you help me?"
    And the user reads "I can"
    When the user ends the chat
    Then "endChat" is fulfilled within 5 seconds
    And the page shows no error

  Rule: What the host does

    @STATE-01
    Scenario Outline: The host merges what it is given into what is there: <what>
      Given a scripted integration
      And the chat is open
      When the scripted integration calls "updatePersistedState" with [<first>]
      And the scripted integration calls "updatePersistedState" with [<second>]
      Then the stored state is <state>

      Examples:
        | what                         | first                             | second                        | state                                         |
        | fields beside each other     | {"a": 1}                          | {"b": 2}                      | {"a": 1, "b": 2}                              |
        | the later of two             | {"a": 1}                          | {"a": 2}                      | {"a": 2}                                      |
        | deep inside                  | {"a": {"b": 1, "c": {"d": 2}}}    | {"a": {"c": {"e": 3}}}        | {"a": {"b": 1, "c": {"d": 2, "e": 3}}}        |
        | lists by their places        | {"a": [1, 2, 3]}                  | {"a": [9]}                    | {"a": [9, 2, 3]}                              |
        | objects in lists             | {"a": [{"b": 1}, {"b": 2}]}       | {"a": [{"c": 3}]}             | {"a": [{"b": 1, "c": 3}, {"b": 2}]}           |
        | null, which is a value       | {"a": 1}                          | {"a": null}                   | {"a": null}                                   |
        | the same when merging is said| {"a": 1}                          | {"b": 2}, true                | {"a": 1, "b": 2}                              |
        | nothing at all               | {"a": 1}                          | {}                            | {"a": 1}                                      |
        | anew, when that is said      | {"a": 1, "b": 2}                  | {"c": 3}, false               | {"c": 3}                                      |
        | emptied, when that is said   | {"a": 1}                          | {}, false                     | {}                                            |

    @STATE-01
    Scenario: What the host gives to read cannot be changed
      Given a scripted integration
      And the chat is open
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the scripted integration writes on the state that "persistedState" gives
      Then the stored state is {"a": 1}
      And a breach of "STATE-04" is recorded

    @STATE-01
    Scenario Outline: To replace the state by <nothing> is refused, and leaves it as it was
      Given a scripted integration
      And the chat is open
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the scripted integration calls "updatePersistedState" with [<nothing>, false]
      Then the stored state is {"a": 1}

      Examples:
        | nothing |
        | null    |

    @STATE-01
    Scenario Outline: The host goes on when <what> is stored
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration stores <what>
      Then a breach of "<requirement>" is recorded
      When the scripted integration calls "sendMessageToUser" with ["Still here"]
      Then the user reads "Still here"
      And the user can type a message
      And the page shows no error

      Examples:
        | what             | requirement |
        | a cycle          | STATE-02    |
        | a BigInt         | STATE-02    |
        | a Date           | STATE-02    |
        | a Map            | STATE-02    |
        | a function       | STATE-02    |
        | a class instance | STATE-03    |
        | a value of 6 MB  | STATE-05    |

    @STATE-06
    Scenario: The first time there is no state
      Given a scripted integration
      And the chat is open
      Then the factory was given no persisted state
      And nothing is stored

    @STATE-06
    Scenario: After a reload the integration gets what was stored last
      Given a scripted integration
      And the chat is open
      When the scripted integration calls "updatePersistedState" with [{"a": {"b": [1, null, "c"]}}]
      And the user reloads the page
      Then the factory was given the persisted state {"a": {"b": [1, null, "c"]}}
      And the stored state is {"a": {"b": [1, null, "c"]}}

    @STATE-06
    Scenario: What the integration is given is a copy that it may write on
      Given a scripted integration
      And the chat is open
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the user reloads the page
      And the scripted integration writes on the state that its factory was given
      Then the stored state is {"a": 1}
      And no breach is recorded

    @STATE-06
    Scenario: State outlives the chat in which it was stored
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the user ends the chat
      And the user reloads the page
      Then the factory was given the persisted state {"a": 1}
      And the host does not call "reconnect"

    @STATE-06
    Scenario: A session that another version of the chat has stored counts for nothing
      Given a scripted integration
      And the user is talking to "Ann"
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the stored session is of another version
      And the user reloads the page
      Then the factory was given no persisted state
      And the host does not call "reconnect"
      And the user sees no banner
      And the user sees one greeting

    @STATE-06
    Scenario: Two chats on one page keep their states apart
      Given a scripted integration
      And two chats on one page
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      And the user reloads the page
      Then the factory was given no persisted state

    @STATE-06
    Scenario Outline: A browser whose session storage is <useless> is good enough for a chat
      Given a scripted integration
      And the page's session storage is <useless>
      And the user is talking to "Ann"
      When the scripted integration calls "updatePersistedState" with [{"a": 1}]
      Then the stored state is {"a": 1}
      When the scripted integration calls "sendMessageToUser" with ["Can I help you?"]
      Then the user reads "Can I help you?"
      When the user says "Yes, please"
      Then the host calls "sendMessageToAgent"
      When the user reloads the page
      Then the host does not call "reconnect"
      And the factory was given no persisted state
      And the page shows no error

      Examples:
        | useless   |
        | full      |
        | forbidden |
