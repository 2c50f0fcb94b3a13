Feature: Bodies of events
  The schemas of the three events leave much open: texts of any kind, numbers of any size, fields that need not be there. Whatever they allow is taken; whatever they do not allow harms nobody.

  Rule: Whatever the schemas allow is taken

    @DC-ACTION-11
    Scenario Outline: <body>: <what>
      Given Ann talks to an agent
      When Talkdesk delivers the body "<body>" to Ann's conversation
      Then the connector answers the event with success
      And Ann can still talk to the agent

      Examples: A conversation that an agent has started
        | body   | what                          |
        | CS-V01 | everything is there           |
        | CS-V02 | without a subject             |
        | CS-V03 | the subject is null           |
        | CS-V04 | the subject is empty          |
        | CS-V05 | the address is none           |
        | CS-V06 | an event of another name, and no time |
        | CS-V07 | the id of the conversation is empty |

      Examples: Messages
        | body   | what                        |
        | MC-V01 | everything is there         |
        | MC-V02 | a text and a file           |
        | MC-V03 | a file without a text       |
        | MC-V04 | nothing was written         |
        | MC-V05 | an empty list of files      |
        | MC-V06 | an empty text               |
        | MC-V11 | the same file twice         |
        | MC-V12 | an author without a name    |
        | MC-V14 | a time that is none         |
        | MC-V15 | HTML, an emoji, a change of direction and a NUL |

    @DC-ACTION-11 @DC-ATT-14
    Scenario Outline: <body>: <what>
      Given Ann talks to an agent
      When Talkdesk delivers the body "<body>" to Ann's conversation
      Then the connector answers the event with success
      And Ann can still talk to the agent

      Examples:
        | body   | what                        |
        | MC-V07 | half a byte                 |
        | MC-V08 | less than nothing           |
        | MC-V09 | an empty file               |
        | MC-V10 | more than 32 bits can count |

    @DC-ACTION-11 @DC-MSG-15
    Scenario: MC-V13: an author of a type that nobody knows
      Given Ann talks to an agent
      When Talkdesk delivers the body "MC-V13" to Ann's conversation
      Then the connector answers the event with success
      And Ann can still talk to the agent

    @DC-END-11
    Scenario: CE-V01: all that an end can hold, which is neither a reason nor who has ended
      Given Ann talks to an agent
      When Talkdesk delivers the body "CE-V01" to Ann's conversation
      Then the connector answers the event with success
      And Ann is told that the conversation is over

    @DC-ACTION-11
    Scenario: CE-V02: an end that is spelled as the action is
      Given Ann talks to an agent
      When Talkdesk delivers the body "CE-V02" to Ann's conversation
      Then the connector answers the event with success

  Rule: Whatever the schemas do not allow harms nobody

    @DC-ACTION-13
    Scenario Outline: <body> changes nothing
      Given Ann talks to an agent
      When Talkdesk delivers the body "<body>" to Ann's conversation
      Then the connector answers the event with a refusal
      And Ann has seen nothing of it
      And Ann can still talk to the agent

      Examples: A conversation that an agent has started
        | body   |
        | CS-I01 |
        | CS-I02 |
        | CS-I03 |
        | CS-I04 |
        | CS-I05 |
        | CS-I06 |
        | CS-I07 |
        | CS-I08 |
        | CS-I09 |
        | CS-I10 |
        | CS-I12 |
        | CS-I14 |

      Examples: Messages
        | body   |
        | MC-I01 |
        | MC-I02 |
        | MC-I03 |
        | MC-I04 |
        | MC-I05 |
        | MC-I06 |
        | MC-I07 |
        | MC-I08 |
        | MC-I09 |
        | MC-I10 |
        | MC-I11 |
        | MC-I12 |
        | MC-I13 |
        | MC-I14 |
        | MC-I15 |

      Examples: Ends
        | body   |
        | CE-I01 |
        | CE-I02 |
        | CE-I03 |
        | CE-I04 |
        | CE-I05 |

    @DC-ACTION-04 @DC-ACTION-13
    Scenario Outline: <body> is an event all the same, if not the one that it is taken for in the corpus
      Given Ann talks to an agent
      When Talkdesk delivers the body "<body>" to Ann's conversation
      Then the connector answers the event with success

      Examples:
        | body   |
        | CS-I13 |
        | CE-I06 |

    @DC-ACTION-13
    Scenario: CS-I11 may be taken for an end, since it has the shape of one
      Given Ann and Ben talk to agents
      When Talkdesk delivers the body "CS-I11" to Ann's conversation
      Then the connector answers the event
      And Ben can still talk to the agent

    @DC-ACTION-13
    Scenario Outline: <what> is no event
      Given Ann talks to an agent
      When Talkdesk delivers <what> to the connector
      Then the connector answers the event with a refusal
      And Ann can still talk to the agent

      Examples:
        | what                        |
        | nothing                     |
        | text that is no JSON        |
        | half of a message           |
        | JSON nested 10000 deep      |
        | bytes that are no UTF-8     |
        | a message with each key twice |
        | a message with keys in the wrong case |

    @DC-ACTION-13
    Scenario: A message of 30 MB may be too much, and harms nobody
      Given Ann and Ben talk to agents
      When Talkdesk delivers a message of 30 MB to the connector
      Then the connector answers the event
      And Ben can still talk to the agent
