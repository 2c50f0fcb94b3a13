Feature: Sending files
  Files go with a line, or alone. Each arrives whole, or the user is told that it did not; nothing is left on its way for ever.

  Rule: The desk gets what the user has

    @FILE-09
    Scenario Outline: A file arrives as it is: <kind>
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "<name>" of <size>
      And the user sends the files
      Then each file is reported once, as sent
      And the desk has received every file whole, under its name and type

      Examples:
        | kind              | name                     | size       |
        | text              | notes.txt                | 2000 bytes |
        | a picture         | holiday photo.jpg        | 20 KB      |
        | empty             | empty.txt                | 0 bytes    |
        | large             | film.mp4                 | 60 MB      |
        | no ending         | README                   | 10 bytes   |
        | unicode           | Übersicht 概要 👩‍👩‍👧 שלום.pdf | 300 bytes  |
        | apostrophes       | it's 100% & <b>new?#.txt | 300 bytes  |
        | backslashes       | ..\\back\\slash;b=c.txt  | 300 bytes  |
        | turned around     | invoice\u202efdp.txt     | 300 bytes  |
        | two lines         | first\\nsecond.txt        | 300 bytes  |
        | a long name       | a name of 255 characters | 300 bytes  |

    @FILE-09
    Scenario: Quotes in a name arrive
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches these files
        | the "final" version, "really".txt |
      And the user sends the files
      Then each file is reported once, as sent
      And the desk has received every file whole, under its name and type

    @FILE-09
    Scenario: Several files arrive, those of one name too
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach several files
      When the user attaches these files
        | scan.pdf  | 300 bytes |
        | scan.pdf  | 400 bytes |
        | empty.pdf | empty     |
        | photo.png | 20 KB     |
      And the user sends the files
      Then each file is reported once, as sent
      And the desk has received every file whole, under its name and type

    @SEND-07
    Scenario: A file alone is no line
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "speaks for itself.png"
      And the user sends the files
      Then the desk has received only the file "speaks for itself.png"
      And "sendMessageToAgent" is fulfilled within 20 seconds
      And the desk was sent no blank line

    @FILE-13
    Scenario: What is handed over is left as it was
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "read only.txt"
      And the user says "Here it is"
      Then "sendMessageToAgent" is fulfilled within 20 seconds
      And each file is reported once, as sent
      And the page shows no error

  Rule: The user learns what became of each

    @FILE-10
    Scenario: A file is on its way until the desk has it
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk holds uploads
      When the user attaches "slow.txt"
      And the user sends the files
      And the desk has an upload in its hands
      And 2 seconds pass
      Then no file has been reported yet
      When the desk lets go
      Then each file is reported once, as sent

    @FILE-10
    Scenario: A file that is taken at first may still be thrown away
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach several files
      And the desk looks at every file before it keeps it
      When the user attaches these files
        | clean.txt    |
        | infected.txt |
      And the user sends the files
      And the desk has "infected.txt" and looks at it
      Then no file has been reported yet
      When the desk keeps "clean.txt"
      And the desk throws "infected.txt" away because "It holds a virus."
      Then "clean.txt" is reported as sent
      And "infected.txt" is reported as failed

    @FILE-10
    Scenario Outline: A file that does not arrive is reported: the desk <fails>
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk <fails>
      When the user attaches "lost.txt"
      And the user sends the files
      Then each file is reported once, as failed
      And the desk has received no file

      Examples:
        | fails                     |
        | refuses uploads with 500  |
        | refuses uploads with 413  |
        | cuts off uploads          |
        | never answers uploads     |

    @FILE-10
    Scenario: A file that is gone from the disk is reported
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "vanishing.txt"
      And "vanishing.txt" vanishes from the user's disk
      And the user sends the files
      Then each file is reported once, as failed
      And the desk has received no file

    @FILE-10
    Scenario: A lost answer costs neither the file nor its report
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk loses its reply to the next upload
      When the user attaches "twice.txt"
      And the user sends the files
      Then each file is reported once
      And the desk has received only the file "twice.txt"

    @FILE-11
    Scenario: A line that arrives is not lost with its file
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk refuses uploads with 500
      When the user attaches "lost.txt"
      And the user says "The file may fail"
      Then "sendMessageToAgent" is fulfilled within 20 seconds
      And the desk has received "The file may fail"
      And each file is reported once, as failed

    @FILE-11
    Scenario: A line that fails does not leave its file on the way
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk refuses messages with 400
      And the desk refuses uploads with 500
      When the user attaches "lost.txt"
      And the user says "Both fail"
      Then "sendMessageToAgent" is rejected with an Error within 20 seconds
      And each file is reported once, as failed

    @FILE-12
    Scenario Outline: The user reads why, in words for a person: the desk <fails>
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk <fails>
      When the user attaches "lost.txt"
      And the user sends the files
      Then each file is reported once, as failed
      And each reason is a short sentence for the user

      Examples:
        | fails                                         |
        | answers uploads with the error page of a proxy |
        | refuses uploads with 500                      |
        | cuts off uploads                              |

  Rule: A chat that ends takes its files with it

    @FILE-14
    Scenario: The user ends the chat while a file is on its way
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk never answers uploads
      When the user attaches "half way.txt"
      And the user sends the files
      And an upload is under way
      And the user ends the chat
      Then each file was reported before "endChat" settled
      And each file is reported once, as failed
      And the integration is silent for 300 seconds

    @FILE-14
    Scenario: The agent ends the chat while a file is on its way
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach several files
      And the desk never answers uploads
      When the user attaches these files
        | one.txt |
        | two.txt |
      And the user sends the files
      And an upload is under way
      And "Ann" ends the conversation
      Then "agentEndedChat" is called within 2 seconds
      And each file was reported before "endChat" settled
      And the integration is silent for 300 seconds

    @FILE-14
    Scenario: What the desk still says of a file of an earlier chat is not passed on
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      And the desk looks at every file before it keeps it
      When the user attaches "undecided.txt"
      And the user sends the files
      And the desk has "undecided.txt" and looks at it
      And the user ends the chat
      Then each file was reported before "endChat" settled
      When the user requests another agent
      And "Bob" joins
      And 120 seconds pass
      Then each file is reported once, as failed

  Rule: What the host does

    Background:
      Given a scripted integration
      And the user is talking to "Ann"
      And the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true, "allowMultipleFileUploads": true}]

    @FILE-08
    Scenario: All chosen files go with the line, and nothing stays chosen
      When the user attaches "one.txt"
      And the user attaches "two.txt"
      And the user says "Both of them"
      Then the host hands over 2 files with the text "Both of them"
      And the user sees "one.txt" as uploading
      And the user sees "two.txt" as uploading
      And the user sees no chosen file

    @FILE-08
    Scenario: Files may go without a word
      When the user attaches "silent.txt"
      And the user sends the files
      Then the host hands over 1 file with the text ""
      And the user sees "silent.txt" as uploading

    @FILE-08
    Scenario: Each file shows what became of it
      When the user attaches these files
        | good.txt |
        | bad.txt  |
      And the user sends the files
      And the scripted integration reports "good.txt" as sent
      And the scripted integration reports "bad.txt" as failed
      Then the user sees "good.txt" as uploaded
      And the user sees "bad.txt" as failed

    @FILE-08
    Scenario: While one file is on its way, and one is all, no other can be chosen
      Given the scripted integration calls "updateCapabilities" with [{"allowMultipleFileUploads": false}]
      When the user attaches "first.txt"
      And the user sends the files
      Then the user cannot attach another file
      When the scripted integration reports "first.txt" as sent
      Then the user can attach a file

    @FILE-08
    Scenario: The page hears of the files before they go
      When the user attaches "listed.txt"
      And the user sends the files
      Then the page hears "pre:send" with
        """json
        {"files": [{"id": "<string>", "status": "edit", "file": {"name": "listed.txt"}}]}
        """

    @FILE-08
    Scenario: A file that nobody reports stays on its way, also when its chat is over
      When the user attaches "forgotten.txt"
      And the user sends the files
      And the user ends the chat
      Then the user sees "forgotten.txt" as uploading
      When the scripted integration reports "forgotten.txt" as failed
      Then the user sees "forgotten.txt" as failed
