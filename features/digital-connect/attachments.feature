Feature: Files
  A file is not part of a message: it is uploaded to a storage of its own and named in the message, in both directions. Not every account allows it, and not every file.

  Rule: From the user to the agent

    @DC-ATT-01 @DC-ATT-02 @DC-ATT-03 @DC-ATT-04
    Scenario Outline: <file> of <bytes> bytes reaches the agent whole
      Given the client may handle files
      And Ann talks to an agent
      When Ann sends the file "<file>" of <bytes> bytes
      Then the agent gets the file "<file>" of <bytes> bytes from Ann
      And the upload has gone step by step

      Examples:
        | file       | bytes   |
        | lamp.png   | 20480   |
        | one.pdf    | 1       |
        | full.pdf   | 2097152 |

    @DC-ATT-09
    Scenario: The storage is shown no token
      Given the client may handle files
      And Ann talks to an agent
      When Ann sends the file "lamp.png" of 2048 bytes
      Then the agent gets the file "lamp.png" of 2048 bytes from Ann
      And the storage was shown no token

    @DC-ATT-05 @DC-MSG-07
    Scenario: A file that is too large is told
      Given the client may handle files
      And the touchpoint takes files of up to 4 KB
      And Ann talks to an agent
      When Ann sends the file "large.png" of 4097 bytes
      Then Ann is told that something went wrong
      And the agent has no file of Ann's

    @DC-ATT-05 @DC-MSG-07
    Scenario: A file of a kind that the touchpoint does not take is told
      Given the client may handle files
      And Ann talks to an agent
      When Ann sends the file "script.exe" of 512 bytes
      Then Ann is told that something went wrong
      And the agent has no file of Ann's

    @DC-ATT-07
    Scenario: An account without the scopes for files takes text all the same
      Given the client may not handle files
      And Ann talks to an agent
      When Ann sends the file "lamp.png" of 2048 bytes
      Then Ann is told that something went wrong
      When Ann says "I cannot send it"
      Then the agent reads "I cannot send it" from Ann

    @DC-ATT-11
    Scenario: Two files of one name are two files
      Given the client may handle files
      And Ann talks to an agent
      When Ann sends the file "lamp.png" of 1024 bytes
      Then the agent gets the file "lamp.png" of 1024 bytes from Ann
      When Ann sends the file "lamp.png" of 1500 bytes
      Then the agent gets a file of 1500 bytes from Ann

    @DC-ATT-07
    Scenario Outline: A failure at the <step> is told, and the conversation goes on
      Given the client may handle files
      And Ann talks to an agent
      When every <step> call is answered with <status>
      And Ann sends the file "lamp.png" of 1024 bytes
      Then Ann is told that something went wrong
      When Ann says "Never mind"
      Then the agent reads "Never mind" from Ann

      Examples:
        | step        | status |
        | upload-link | 500    |
        | upload      | 403    |
        | create      | 400    |

  Rule: From the agent to the user

    @DC-ATT-06 @page
    Scenario: A file of the agent's is the user's to open
      Given the client may handle files
      And Ann talks to an agent
      When the agent sends Ann the file "manual.pdf" of 20 KB with "Here it is"
      Then Ann sees "Here it is" from the agent
      And Ann sees the file "manual.pdf"
      And Ann can open the file "manual.pdf" whole

    @DC-ATT-06
    Scenario: A file without a text
      Given the client may handle files
      And Ann talks to an agent
      When the agent sends Ann the file "manual.pdf" of 5 KB
      Then Ann sees the file "manual.pdf"
      And Ann can open the file "manual.pdf" whole

    @DC-ATT-07
    Scenario: A file that cannot be had is named, and its text is shown
      Given the client may not handle files
      And Ann talks to an agent
      When the agent sends Ann the file "manual.pdf" of 5 KB with "Please read this"
      Then Ann sees "Please read this" from the agent
      And Ann is shown the name "manual.pdf"

    @DC-ATT-08
    Scenario: A file can be opened after the link to it has run out
      Given the client may handle files
      And Ann talks to an agent
      When the agent sends Ann the file "manual.pdf" of 5 KB
      Then Ann sees the file "manual.pdf"
      When 11 minutes pass at Talkdesk
      Then Ann can open the file "manual.pdf" whole

    @DC-ATT-10
    Scenario Outline: A file may be called anything: <what>
      Given the client may handle files
      And Ann talks to an agent
      When the agent sends Ann a file whose name is <what>
      Then Ann sees a file
      And the name of the file before Ann is harmless
      And nothing but the file was touched
      And Ann can still talk to the agent

      Examples:
        | what                            |
        | a path out of the folder        |
        | written from right to left      |
        | longer than a file's may be     |
        | HTML                            |

    @DC-MSG-11 @page
    Scenario: A file is not opened by itself
      Given the client may handle files
      And Ann talks to an agent
      When the agent sends Ann the file "page.html" of 1 KB
      Then Ann sees the file "page.html"
      And the file has run nothing in Ann's page
