Feature: Faults
  Desks fail, and what lies between a page and its desk fails more often: a proxy answers in its place, an answer is lost, a socket breaks. An integration cannot prevent
  that. It owes the chat the truth about it, in time, and is itself again when the desk is.

  Rule: What became of a line is told, and true

    @SEND-04
    Scenario Outline: A line that the desk did not take has failed: it <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Is this thing on?"
      Then "sendMessageToAgent" is rejected with an Error within 20 seconds
      And the user sees that "Is this thing on?" was not sent

      Examples:
        | does                                                                   |
        | answers every message with status 503                                  |
        | answers every message with status 502 and the page "<h1>No reply</h1>" |
        | answers every message with status 429 and Retry-After 2                |
        | redirects every message to "/sign-in"                                  |
        | never answers every message                                            |

    @SEND-03
    Scenario Outline: Sent means that the desk has it, whatever it did before: it <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Do you have it?"
      Then "sendMessageToAgent" settles within 20 seconds
      And if "sendMessageToAgent" was fulfilled, the desk has received "Do you have it?"

      Examples:
        | does                                              |
        | answers the next 2 messages with status 503       |
        | cuts off every message                            |
        | never answers the next message                    |
        | keeps its reply to every message from the page    |

    @SEND-05
    Scenario Outline: A desk that takes its time cannot keep the chat waiting: it <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Hello? Is anybody there?"
      Then "sendMessageToAgent" settles within 20 seconds

      Examples:
        | does                                                       |
        | delays every message by 60 seconds                         |
        | holds its reply to every message                           |
        | sends its reply to every message at 1 byte a second        |
        | reads every message at 1 byte a second                     |
        | answers every message with status 429 and Retry-After 3600 |

    @SEND-05
    Scenario: A socket that has fallen silent cannot keep the chat waiting
      Given the user is talking to "Ann"
      And the desk falls silent at the next frame to the integration
      When "Ann" says "Nobody will read this"
      And the user says "Hello?"
      Then "sendMessageToAgent" settles within 20 seconds

    @SEND-06
    Scenario Outline: A line in trouble does not hold up the next: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says in quick succession
        | before  |
        | between |
        | after   |
      Then each "sendMessageToAgent" settles within 20 seconds
      And the desk has received "before"
      And the desk has received "after"

      Examples:
        | does                                    |
        | answers the 2nd message with status 503 |
        | cuts off the 2nd message                |

    @SEND-10
    Scenario Outline: A line whose answer goes astray is there once: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Only once, please"
      Then "sendMessageToAgent" settles within 20 seconds
      When 30 seconds pass
      Then the desk has received "Only once, please" at most once

      Examples:
        | does                                                     |
        | loses its reply to every message                         |
        | cuts off its reply to every message after 5 bytes        |
        | garbles its reply to every message                       |
        | gives its reply to the next message the type "text/html" |
        | delays the next message by 12 seconds                    |

  Rule: Whether agents are there is answered, or not known

    @AVAIL-04
    Scenario Outline: A desk that takes its time does not keep the offer waiting: it <does>
      Given the chat is open
      And the integration can check availability
      And the desk <does>
      When the user asks for an agent
      Then "areAnyAgentsOnline" settles within 5 seconds

      Examples:
        | does                                                                |
        | holds every availability query                                      |
        | sends its reply to every availability query at 1 byte a second      |
        | answers every availability query with status 429 and Retry-After 60 |

    @AVAIL-05
    Scenario Outline: An answer that says nothing leaves the question open: the desk <does>
      Given the chat is open
      And the integration can check availability
      And the desk <does>
      When the user asks for an agent
      Then "areAnyAgentsOnline" is fulfilled with null within 5 seconds

      Examples:
        | does                                                                             |
        | answers every availability query with status 200 and the page "<h1>Sign in</h1>" |
        | redirects every availability query to "/sign-in"                                 |
        | keeps its reply to every availability query from the page                        |
        | cuts off its reply to every availability query after 5 bytes                     |
        | garbles its reply to every availability query                                    |

  Rule: A request that comes to nothing has failed, and is over

    @FLOW-04
    Scenario Outline: Where no conversation can be had the start fails: the desk <does>
      Given the chat is open
      And the desk <does>
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And the user sees that connecting failed
      And the host does not call "endChat"

      Examples:
        | does                                                                           |
        | delays every new conversation by 60 seconds                                    |
        | answers every new conversation with status 200 and the page "<h1>Sign in</h1>" |
        | redirects every new conversation to "/sign-in"                                 |
        | keeps its reply to every new conversation from the page                        |

    @FLOW-05
    Scenario: Who is told to come back does not, once the chat has been told that it failed
      Given the chat is open
      And the desk answers every new conversation with status 429 and Retry-After 60
      When the user requests an agent
      Then "startChat" is rejected within 15 seconds
      And the integration is silent for 90 seconds

  Rule: An end is an end, whatever the desk says

    @LIFE-07
    Scenario Outline: A desk that takes its time does not keep the user: it <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user ends the chat
      Then "endChat" settles within 5 seconds
      And the user sees that the chat has ended

      Examples:
        | does                                                    |
        | delays every ending by 60 seconds                       |
        | holds its reply to every ending                         |
        | answers every ending with status 429 and Retry-After 60 |

    @LIFE-09
    Scenario Outline: Everything is let go of, even if the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user ends the chat
      Then "endChat" settles within 5 seconds
      And the integration no longer listens to the desk
      When the desk plays no more faults
      And the user requests an agent
      And "Bob" joins
      Then the user sees that "Bob" has joined

      Examples:
        | does                                                                  |
        | answers every ending with status 502 and the page "<h1>No reply</h1>" |
        | keeps its reply to every ending from the page                         |

  Rule: What became of a file is told

    @FILE-10
    Scenario Outline: A file that does not get through is reported: the desk <does>
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk <does>
      When the user attaches "lost.txt"
      And the user sends the files
      Then each file is reported once, as failed
      And the desk has received no file

      Examples:
        | does                                                    |
        | answers every upload with status 429 and Retry-After 60 |
        | redirects every upload to "/sign-in"                    |
        | keeps its reply to every upload from the page           |

    @FILE-10
    Scenario Outline: A file whose answer goes astray is reported too: the desk <does>
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk <does>
      When the user attaches "somewhere.txt"
      And the user sends the files
      Then each file is reported once

      Examples:
        | does                                  |
        | reads every upload at 1 byte a second |
        | delays every upload by 600 seconds    |

  Rule: A link that is lost is lost once, and found again

    @ERR-08
    Scenario Outline: However an attempt to come back fails, a loss is told once: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the link drops
      And 30 seconds pass
      And the integration has found its way back
      Then losses and recoveries have been reported in turn

      Examples:
        | does                                                                 |
        | answers every request for events with status 503, for 20 seconds     |
        | closes the socket with code 1013 at every new socket, for 20 seconds |

    @ERR-10
    Scenario Outline: However an attempt to come back fails, nothing is missed: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the link drops
      And "Ann" says 3 numbered lines
      And the integration has found its way back
      Then the user reads the 3 numbered lines in order, each once

      Examples:
        | does                                                                                    |
        | answers the next 2 requests for events with status 502 and the page "<h1>No reply</h1>" |
        | answers the next 2 requests for events with status 429 and Retry-After 5                |
        | redirects the next 2 requests for events to "/sign-in"                                  |
        | closes the socket with code 1013 at the next 2 new sockets                              |

    @ERR-09
    Scenario Outline: A desk that is there and not well is not tried for ever: it <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the link drops
      Then the integration ends the chat, or stops trying, within 10 minutes

      Examples:
        | does                                                 |
        | answers every request for events with status 503     |
        | never answers every request for events               |
        | closes the socket with code 1013 at every new socket |

    @MSG-05
    Scenario Outline: A socket that ends in the middle loses nothing: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When "Ann" says 5 numbered lines
      And the integration has found its way back
      Then the user reads the 5 numbered lines in order, each once

      Examples:
        | does                                                                 |
        | closes the socket with code 1001 at the 3rd frame to the integration |
        | closes the socket with code 1012 at the 3rd frame to the integration |
        | closes the socket with code 1006 at the 3rd frame to the integration |
        | cuts off the 3rd frame to the integration                            |
        | spoils the utf-8 of the 3rd frame to the integration                 |
        | spoils the header of the 3rd frame to the integration                |

  Rule: What comes twice is told once

    @MSG-05
    Scenario Outline: A line is read once, and in its place, when the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When "Ann" says 5 numbered lines
      And 10 seconds pass
      Then the user reads the 5 numbered lines in order, each once

      Examples:
        | does                                                 |
        | doubles every frame to the integration               |
        | delays the 2nd frame to the integration by 5 seconds |

    @JOIN-04
    Scenario: An arrival that comes twice is one
      Given the user is waiting for an agent
      And the desk doubles every frame to the integration
      When "Ann" joins
      Then "agentJoined" is called once within 2 seconds

  Rule: What is heard of a desk that is not well harms nobody

    @ERR-13
    Scenario Outline: No error goes uncaught when the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When the user says "Hello?"
      And "Ann" says "Hello!"
      Then "sendMessageToAgent" settles within 20 seconds
      And no error of the integration went uncaught

      Examples:
        | does                                                                  |
        | answers every request with status 429 and Retry-After 60              |
        | answers every request with status 200 and the page "<h1>Sign in</h1>" |
        | redirects every request to "/sign-in"                                 |
        | garbles its reply to every request                                    |
        | keeps its reply to every request from the page                        |

    @ERR-13
    Scenario Outline: No error goes uncaught at a frame that is not as it should be: the desk <does>
      Given the user is talking to "Ann"
      And the desk <does>
      When "Ann" says 3 numbered lines
      And 5 seconds pass
      Then no error of the integration went uncaught

      Examples:
        | does                                                               |
        | spoils the text of every frame to the integration                  |
        | sends every frame to the integration as binary                     |
        | blows up every frame to the integration to 200000 bytes            |
        | loses the 2nd frame to the integration                             |
        | sends every frame to the integration after the one behind it       |
        | closes the socket with code 1011 at every frame to the integration |

  Rule: After a reload a desk that is not well is no reason to hang, or to promise

    Background:
      Given the integration can reconnect
      And the user is talking to "Ann"
      And the user begins to reload the page

    @RECON-03
    Scenario Outline: What cannot be known to be alive is not promised: the desk <does>
      When the desk <does>
      And the page is back
      Then "reconnect" is fulfilled with false or rejected within 30 seconds

      Examples:
        | does                                                                  |
        | answers every request with status 200 and the page "<h1>Sign in</h1>" |
        | redirects every request to "/sign-in"                                 |

    @RECON-04
    Scenario Outline: A desk that takes its time does not lock the user out: it <does>
      When the desk <does>
      And the page is back
      Then "reconnect" settles within 30 seconds
      And the user can type a message

      Examples:
        | does                                                                        |
        | sends its reply to every question about the conversation at 1 byte a second |
        | delays every request by 120 seconds                                         |
        | answers every request with status 429 and Retry-After 3600                  |

    @RECON-05
    Scenario: After a no that a proxy gave nothing is left
      When the desk answers every request with status 502 and the page "<h1>No reply</h1>"
      And the page is back
      Then "reconnect" is fulfilled with false or rejected within 30 seconds
      And nothing of the conversation is stored
      When 2 seconds pass
      Then the integration is silent for 15 seconds

    @RECON-09
    Scenario Outline: What was said meanwhile is read once and in order, when the desk <does>
      When "Ann" says 3 numbered lines
      And the desk <does>
      And the page is back
      And the integration has found its way back
      And 10 seconds pass
      Then the user reads the 3 numbered lines in order, each once

      Examples:
        | does                                                                 |
        | doubles every frame to the integration                               |
        | closes the socket with code 1013 at the 3rd frame to the integration |
