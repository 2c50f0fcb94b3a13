Feature: Agent to user
  What an agent writes, the user reads: all of it, once, in order, as text. Nothing else is put into the agent's mouth.

  @MSG-01
  Scenario: A line of the agent is one message
    Given the user is talking to "Ann"
    When "Ann" says "I have found your order."
    Then "sendMessageToUser" is called once within 2 seconds
    And the user reads "I have found your order."

  @MSG-02
  Scenario: Every message has a shape that the chat can show
    Given the user is talking to "Ann"
    When "Ann" says "Plain words"
    And "Ann" says "Two\nlines"
    And "Ann" sends the HTML "<p>Marked <b>up</b></p>"
    Then "sendMessageToUser" is called 3 times within 2 seconds
    And each message is a string or an object with items in output.generic

  @MSG-03
  Scenario Outline: Whatever the agent sends becomes a plain text: <what>
    Given the user is talking to "Ann"
    When "Ann" sends the HTML "<html>"
    Then "sendMessageToUser" is called once within 2 seconds
    And each message is a plain text
    And the message holds "<text>" and no markup

    Examples:
      | what       | html                                                        | text                         |
      | words      | <p>It costs <b>nothing</b></p>                              | nothing                      |
      | a link     | See <a href='https://desk.test/order/4711'>your order</a>   | https://desk.test/order/4711 |

  @MSG-04
  Scenario: A message names an agent that was announced, or none
    Given the user is talking to "Ann"
    When "Ann" says "It is me"
    And "Ann" says "Still me"
    Then "sendMessageToUser" is called 2 times within 2 seconds
    And each line carries the id with which its agent joined

  @MSG-05
  Scenario: A burst arrives whole and in order
    Given the user is talking to "Ann"
    When "Ann" says 50 numbered lines
    Then the user reads the 50 numbered lines in order, each once

  @MSG-05
  Scenario: A dropped link repeats nothing
    Given the user is talking to "Ann"
    When "Ann" says 5 numbered lines
    And the user reads the 5 numbered lines in order, each once
    And the link drops
    And "Ann" says 5 more numbered lines
    Then the user reads the 10 numbered lines in order, each once

  @MSG-05
  Scenario: A link that drops under the agent's words loses none of them
    Given the user is talking to "Ann"
    When "Ann" says 5 numbered lines
    And the link drops
    And "Ann" says 5 more numbered lines
    Then the user reads the 10 numbered lines in order, each once

  @MSG-06
  Scenario: Messages wait for one another, so that a slow page loses none
    Given the page listens to every event
    And the user is talking to "Ann"
    When "Ann" says 3 numbered lines
    Then the user reads the 3 numbered lines in order, each once
    And no two "sendMessageToUser" calls overlap

  @MSG-07
  Scenario: Each message is the chat's to keep and to change
    Given the user is talking to "Ann"
    When "Ann" says "The same words"
    And "Ann" says "The same words"
    And "Ann" says "Other words"
    Then "sendMessageToUser" is called 3 times within 2 seconds
    And each message is new and can be changed
    And the user reads these agent lines
      | The same words |
      | The same words |
      | Other words    |

  @MSG-08
  Scenario: An id, where one is given, is given once
    Given the user is talking to "Ann"
    When "Ann" says 5 numbered lines
    Then the user reads the 5 numbered lines in order, each once
    And no two messages have the same id

  @MSG-09
  Scenario Outline: Markup from the desk becomes text: <markup>
    Given the user is talking to "Ann"
    When "Ann" sends the HTML "<html>"
    Then "sendMessageToUser" is called once within 2 seconds
    And the message holds "<text>" and no markup
    And nothing in the message was executed

    Examples:
      | markup        | html                                                                        | text                  |
      | bold          | <p>It costs <b>nothing</b></p>                                              | nothing               |
      | a link        | See <a href='https://desk.test/order/4711'>your order</a>                   | https://desk.test/order/4711 |
      | a script      | Fine<img src=x onerror='alert(1)'><script>alert(2)</script>                 | Fine                  |
      | an entity     | Fish &amp; chips                                                            | Fish & chips          |

  @MSG-10
  Scenario: The user's own line does not come back
    Given the user is talking to "Ann"
    When the user says "These are my words"
    Then the desk has received "These are my words"
    And "sendMessageToUser" is not called

  @MSG-10
  Scenario: What was handed over does not come back as if an agent had said it
    Given the user is talking to "Ann"
    When the desk puts "The user asked the assistant for a person." on record as the user's words
    And "Ann" says "I have read what you asked"
    Then the user reads "I have read what you asked"
    And "sendMessageToUser" has been called 1 time

  @MSG-11
  Scenario: What is said before anyone has joined is neither lost nor unattributed
    Given the user is waiting for an agent
    When the desk posts the notice "You will be served by the night shift"
    And "Ann" joins
    And "Ann" says "Good evening"
    Then the user reads "Good evening"
    And "sendMessageToUser" has not been called before "agentJoined"
    And the user has been told "You will be served by the night shift"

  @MSG-12
  Scenario Outline: <what> is no message
    Given the user is talking to "Ann"
    When the desk sends the line "<text>" of "Ann" in conversation 1
    Then "sendMessageToUser" is not called
    And the page shows no error

    Examples:
      | what          | text |
      | An empty line |      |
      | A blank line  | \t   |

  @MSG-12
  Scenario: A line without text is no message
    Given the user is talking to "Ann"
    When the desk sends a line of "Ann" without any text in conversation 1
    Then "sendMessageToUser" is not called
    And the page shows no error

  @MSG-13
  Scenario: After the end there are no more messages
    Given the user is talking to "Ann"
    When the user ends the chat
    And the desk sends the line "One more thing" of "Ann" in conversation 1
    Then "sendMessageToUser" is not called

  @MSG-13
  Scenario: An old conversation is not read out in a new one
    Given the user is talking to "Ann"
    When "Ann" says "From the first conversation"
    And the user reads "From the first conversation"
    And the user ends the chat
    And the user requests an agent
    And "Bob" joins
    And "Bob" says "From the second conversation"
    Then the user reads these agent lines
      | From the first conversation  |
      | From the second conversation |

  Rule: What the host does

    Background:
      Given a scripted integration
      And the user is talking to "Ann"

    @MSG-14
    Scenario: The page may rewrite a message before it is shown
      When the page rewrites "1234" to "****" in "pre:receive"
      And the scripted integration calls "sendMessageToUser" with ["Your code is 1234", "ann"]
      Then the user reads "Your code is ****"

    @MSG-14
    Scenario: While suspended, a message is published but not shown, then or later
      When the page suspends the conversation
      And the scripted integration calls "sendMessageToUser" with ["Anyone there?", "ann"]
      Then the page hears "receive"
      And the user has not read "Anyone there?"
      When the page resumes the conversation
      Then the user has not read "Anyone there?"
