Feature: Transfer
  One agent hands the user over to another. The user is told twice: that it happens, and who is there now. In between nothing
  ends, nothing is lost, and nobody speaks in another's name.

  @TRANSFER-01
  Scenario Outline: A transfer is announced, and then the one who takes over arrives: <to>
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to <to>
    And "Bea" takes over from "Ada"
    And "Bea" says "Good morning, Bea here"
    Then the user reads "Good morning, Bea here"
    And the transfer is announced, and then the arrival of "Bea"
    And the banner names "Bea"

    Examples:
      | to              |
      | "Bea"           |
      | whoever is free |

  @TRANSFER-02
  Scenario: The agent of the announcement is the one who will come
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to "Bea"
    And "Bea" takes over from "Ada"
    Then the transfer was announced with the profile of "Bea" or with none
    And the banner names "Bea"

  @TRANSFER-02
  Scenario: Where nobody knows who will come, nobody is named
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to whoever is free
    And "Bea" takes over from "Ada"
    Then the banner names "Bea"
    And the transfer was announced without a profile

  @TRANSFER-03
  Scenario Outline: The one who hands over may go, and nothing ends: <to>
    Given the user is talking to "Ada"
    When "Ada" transfers the user to <to>
    And "Ada" leaves
    And 2 seconds pass
    Then "agentEndedChat" has been called 0 times
    And the host does not call "endChat"
    And the desk has 1 open conversation
    When "Bea" takes over from "Ada"
    And "Bea" says "I have your case"
    Then the user reads "I have your case"
    And the banner names "Bea"
    And "agentEndedChat" has been called 0 times

    Examples:
      | to              |
      | "Bea"           |
      | whoever is free |

  @TRANSFER-04
  Scenario Outline: What the user says in between is not lost<when>
    Given the user is talking to "Ada"
    When "Ada" transfers the user to whoever is free
    And <then>
    And the user says "My number is 4711"
    And "Bea" takes over from "Ada"
    Then "sendMessageToAgent" settles within 20 seconds
    And if "sendMessageToAgent" was fulfilled, the desk has received "My number is 4711"
    When the user says "Did you get it?"
    Then the desk has received "Did you get it?"

    Examples:
      | when                                   | then           |
      | , while the first agent is still there | 1 seconds pass |
      | , though the first agent has gone      | "Ada" leaves   |

  @TRANSFER-05
  Scenario: A late line is still that of the agent who wrote it
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to "Bea"
    And "Ada" says "All the best to you"
    And "Bea" takes over from "Ada"
    And "Bea" says "Now with me"
    Then the transfer is announced, and then the arrival of "Bea"
    And "All the best to you" is attributed to "Ada"
    And "Now with me" is attributed to "Bea"
    And each line carries the id with which its agent joined

  @TRANSFER-05
  Scenario: So is a line that comes when the other is there already
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to whoever is free
    And "Bea" joins
    And "Ada" says "One more thing from me"
    And "Bea" says "Thank you, Ada"
    And "Ada" leaves
    Then the transfer is announced, and then the arrival of "Bea"
    And "One more thing from me" is attributed to "Ada"
    And "Thank you, Ada" is attributed to "Bea"

  @TRANSFER-06
  Scenario: To be moved to another queue is to wait, not to be transferred
    Given the user is waiting for an agent
    When the desk reports position 2
    And the desk moves the request to the queue "night shift"
    And 2 seconds pass
    Then "beginTransferToAnotherAgent" has been called 0 times
    When "Ada" joins
    Then the user sees that "Ada" has joined
    And "beginTransferToAnotherAgent" has been called 0 times

  @TRANSFER-07
  Scenario: A transfer that fails is told: the agent is back, or the chat is left or over
    Given the user is talking to "Ada"
    And the integration announces transfers
    When "Ada" transfers the user to "Bea"
    Then "beginTransferToAnotherAgent" is called within 2 seconds
    When the transfer fails
    Then one of "agentJoined, agentLeftChat, agentEndedChat, setErrorStatus" is called within 5 seconds

  @TRANSFER-07
  Scenario: A transfer that fails when the agent has gone leaves nobody in the dark
    Given the user is talking to "Ada"
    When "Ada" transfers the user to whoever is free
    And "Ada" leaves
    And the transfer fails
    Then one of "agentLeftChat, agentEndedChat, setErrorStatus" is called within 5 seconds

  @TRANSFER-08
  Scenario: Who hands over no longer types
    Given the user is talking to "Ada"
    And the integration shows when agents type
    And the integration announces transfers
    When "Ada" types
    Then the user sees that an agent types
    When "Ada" transfers the user to "Bea"
    Then "beginTransferToAnotherAgent" is called within 2 seconds
    And the user sees within 2 seconds that nobody types
