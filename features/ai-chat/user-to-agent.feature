Feature: User to agent
  What the user writes reaches the agent: unchanged, once, in order. The chat is told the truth about it, in time.

  @SEND-02
  Scenario Outline: Every character arrives: <kind>
    Given the user is talking to "Ann"
    When the user says "<text>"
    Then the desk has received exactly
      | <text> |

    Examples:
      | kind           | text                                          |
      | quotes         | She said "no", he said 'yes' \\ both smiled   |
      | markup         | if a < b && b > c then <b>stop</b> &amp;      |
      | emoji          | 👩‍👩‍👧‍👦 thanks 🙏🏽                              |
      | right to left  | מתי תגיע ההזמנה שלי؟ شكرا                     |
      | markdown       | **bold** _it_ `code` [x](https://desk.test)   |
      | JSON           | {"text": "inner", "n": [1, null]}             |

  @SEND-02 @dialect:ai-chat @dialect:orchestrate
  Scenario: Several lines arrive as several lines
    Given the user is talking to "Ann"
    When the user says
      """
      first line
      second line
      """
    Then the desk has received
      """
      first line
      second line
      """

  @SEND-02
  Scenario: Ten thousand characters arrive
    Given the user is talking to "Ann"
    When the user says a text of 10000 characters
    Then the desk has received a text of 10000 characters

  @SEND-03
  Scenario: Sent means that the desk has it
    Given the user is talking to "Ann"
    And the desk holds messages
    When the user says "Do you have it?"
    And the desk has a message in its hands
    And 2 seconds pass
    Then "sendMessageToAgent" is still pending
    When the desk lets go
    Then "sendMessageToAgent" is fulfilled within 20 seconds

  @SEND-04
  Scenario Outline: A desk that <fails> is reported
    Given the user is talking to "Ann"
    And the desk <fails>
    When the user says "Is this thing on?"
    Then "sendMessageToAgent" is rejected with an Error within 20 seconds
    And the user sees that "Is this thing on?" was not sent

    Examples:
      | fails                      |
      | refuses messages with 500  |
      | refuses messages with 403  |
      | cuts off messages          |

  @SEND-05
  Scenario: A message that gets no answer is given up in time
    Given the user is talking to "Ann"
    And the desk never answers messages
    When the user says "Hello?"
    Then "sendMessageToAgent" settles within 20 seconds

  @SEND-05
  Scenario: A message that gets an answer is done soon
    Given the user is talking to "Ann"
    When the user says "Hello!"
    Then "sendMessageToAgent" is fulfilled within 20 seconds

  @SEND-06
  Scenario: Quick lines keep their order, however uneven the desk is
    Given the user is talking to "Ann"
    And the desk takes 900, 0, 600, 0 and 300 milliseconds for the next messages
    When the user says in quick succession
      | one   |
      | two   |
      | three |
      | four  |
      | five  |
    Then each "sendMessageToAgent" settles within 20 seconds
    And the desk has received exactly
      | one   |
      | two   |
      | three |
      | four  |
      | five  |

  @SEND-06
  Scenario: A line that fails takes no other with it
    Given the user is talking to "Ann"
    And the desk refuses messages with 400
    When the user says "lost"
    Then "sendMessageToAgent" is rejected with an Error within 20 seconds
    When the desk accepts messages from now on
    And the user says "found"
    Then the desk has received exactly
      | found |

  @SEND-06
  Scenario: A line that fails between two others does not hold them up
    Given the user is talking to "Ann"
    And the desk refuses number 2 of the next messages with 400
    When the user says in quick succession
      | before  |
      | between |
      | after   |
    Then each "sendMessageToAgent" settles within 20 seconds
    And the desk has received "before"
    And the desk has received "after"

  @SEND-07
  Scenario: A file without words does not become an empty line
    Given the user is talking to "Ann"
    When the host calls "sendMessageToAgent" with an empty text and a file
    Then "sendMessageToAgent" settles within 20 seconds
    And the desk was sent no blank line

  @SEND-08
  Scenario Outline: No files may be said in more than one way: <way>
    Given the user is talking to "Ann"
    When the host calls "sendMessageToAgent" with the text "Only words" and <data> as additional data
    Then "sendMessageToAgent" is fulfilled within 20 seconds
    And the desk has received "Only words"

    Examples:
      | way             | data                  |
      | nothing at all  | undefined             |
      | an empty object | {}                    |
      | an empty list   | {"filesToUpload": []} |

  @SEND-09
  Scenario: What is handed over is left as it was
    Given the user is talking to "Ann"
    When the user says "My card is 4711"
    Then the desk has received "My card is 4711"
    And "sendMessageToAgent" is fulfilled within 20 seconds

  @SEND-09 @dialect:ai-chat @dialect:web-chat
  Scenario: What the page made of a line is what is sent
    Given the user is talking to "Ann"
    And the page rewrites "4711" to "####" in "pre:send"
    When the user says "My card is 4711"
    Then the desk has received "My card is ####"
    And "sendMessageToAgent" is fulfilled within 20 seconds

  @SEND-10
  Scenario: A lost answer does not double the line
    Given the user is talking to "Ann"
    And the desk loses its reply to the next message
    When the user says "Only once, please"
    Then "sendMessageToAgent" settles within 20 seconds
    And the desk has received exactly
      | Only once, please |

  @SEND-11
  Scenario: Words to an empty chair are delivered or refused, never swallowed
    Given the user is talking to "Ann"
    When "Ann" leaves
    Then "agentLeftChat" is called within 2 seconds
    When the user says "Anyone?"
    Then "sendMessageToAgent" settles within 20 seconds
    And if "sendMessageToAgent" was fulfilled, the desk has received "Anyone?"

  Rule: What the host does

    Background:
      Given a scripted integration
      And the user is talking to "Ann"

    @SEND-01
    Scenario: One line, one call, in the documented shape
      When the user says "Hello Ann"
      Then the host calls "sendMessageToAgent" once
      And the host calls "sendMessageToAgent" with
        """json
        [{"id": "<string>", "input": {"text": "Hello Ann"}}, "<string>", {"filesToUpload": []}]
        """

    @SEND-01
    Scenario: Lines need not wait for one another
      Given the scripted integration never settles "sendMessageToAgent"
      When the user says "one"
      And the user says "two"
      Then the host has called "sendMessageToAgent" 2 times

    @SEND-12 @dialect:web-chat
    Scenario: Text is trimmed, and made one line
      When the user says
        """
          padded
        and broken
        """
      Then the host calls "sendMessageToAgent" with
        """json
        [{"input": {"text": "padded and broken"}}]
        """

    @SEND-12 @dialect:ai-chat
    Scenario: Text is trimmed, and its line breaks are kept
      When the user says
        """
          padded
        and broken
        """
      Then the host calls "sendMessageToAgent" with
        """json
        [{"input": {"text": "padded\nand broken"}}]
        """

    @SEND-12
    Scenario: Nothing is not sent
      When the user says "   "
      Then the host does not call "sendMessageToAgent"

    @SEND-13
    Scenario: The page hears of a line before it goes, and again when it has gone
      When the user says "Ordered"
      Then these happen in order
        | the page hears "pre:send"           |
        | the host calls "sendMessageToAgent" |
        | "sendMessageToAgent" is fulfilled   |
        | the page hears "send"               |

    @SEND-13
    Scenario: The page does not hear that a line has gone which has not
      Given the scripted integration rejects "sendMessageToAgent" with "no line"
      When the user says "Undelivered"
      Then the user sees that "Undelivered" was not sent
      And the page has not heard "send"
