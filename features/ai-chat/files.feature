Feature: Choosing files
  The user may send files once the integration has said so. It says which, and looks at what the user has chosen before anything is sent.
  What happens to files that are sent is in "Sending files".

  Rule: Allowing files

    @FILE-01
    Scenario: The user can attach files when the integration allows it
      Given the integration takes files
      When the user is talking to "Ann"
      Then the user can attach a file

    @FILE-01
    Scenario: Every chat in which the desk takes files offers it
      Given the integration takes files
      And the user is talking to "Ann"
      When the user ends the chat
      And the user requests another agent
      And "Bob" joins
      Then the user could attach files in both chats

    @FILE-02
    Scenario: What may be sent is declared in the documented terms
      Given the integration takes files
      And the desk takes files of the types "image/*,.pdf" and of at most 5000000 bytes
      When the user is talking to "Ann"
      Then the user can attach a file
      And what was declared has the documented types
      And the limit that was declared is in bytes

    @FILE-03
    Scenario: A desk that takes one file at a time is not offered several
      Given the integration takes files
      And the desk takes one file at a time
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "one is all.txt"
      Then the user cannot attach another file

    @FILE-03
    Scenario: A permission for one chat does not reach the next
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user ends the chat
      And the desk takes no files
      And the user requests another agent
      And "Bob" joins
      Then "agentJoined" is called within 2 seconds
      And the user cannot attach files

    @FILE-03
    Scenario: A permission that is withdrawn in mid-chat takes the chosen files with it
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "too late.txt"
      And the desk takes no files any more
      Then the user cannot attach files
      And the user sees no chosen file

    @FILE-03
    Scenario: A permission that is given in mid-chat is passed on
      Given the integration takes files
      And the desk takes no files
      And the user is talking to "Ann"
      And the user cannot attach files
      When the desk takes files
      Then the user can attach a file

    @FILE-17 @dialect:orchestrate
    Scenario: Where the chat has no uploads, the rest works
      Given the chat is open without the callbacks "updateCapabilities, setFileUploadStatus"
      When the user requests an agent
      And "Ann" joins
      And the user says "No files, then"
      Then the desk has received "No files, then"
      And "sendMessageToAgent" is fulfilled within 20 seconds
      And the page shows no error

  Rule: Looking at what was chosen

    @FILE-05
    Scenario: A file stays with the user until the user sends it
      Given the integration takes files
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "second thoughts.txt"
      Then nothing has been uploaded

    @FILE-06
    Scenario: A file that the desk would not take is refused
      Given the integration takes files
      And the desk takes files of the types "image/*,.pdf" and of at most 5000 bytes
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "too large.pdf" of 5001 bytes
      And the user sends what has not been refused
      Then "too large.pdf" is reported as failed
      And the desk has received no file

    @FILE-06
    Scenario Outline: A file that the desk takes is not refused: <kind>
      Given the integration takes files
      And the desk takes files of the types "image/*, .pdf,text/plain" and of at most 5000 bytes
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "<name>" of <size>
      And the user sends what has not been refused
      Then "<name>" is reported as sent
      And the desk has received only the file "<name>"

      Examples:
        | kind                      | name             | size       |
        | exactly at the limit      | full.pdf         | 5000 bytes |
        | an ending in capitals     | SCAN.PDF         | 300 bytes  |
        | a sort of media           | holiday.webp     | 300 bytes  |
        | a media type by its name  | notes.txt        | 300 bytes  |
        | no byte at all            | nothing.txt      | 0 bytes    |

    @FILE-06 @FILE-07
    Scenario: Of several files only those at fault are refused, wherever they stand
      Given the integration takes files
      And the desk takes files of the types "image/*,.pdf" and of at most 5000 bytes
      And the user is talking to "Ann"
      And the user can attach several files
      When the user attaches these files
        | fine.pdf      | 5000 bytes |
        | photo.png     | 100 bytes  |
        | too large.pdf | 5001 bytes |
      And the user sends what has not been refused
      Then "too large.pdf" is reported as failed
      And "fine.pdf" is reported as sent
      And "photo.png" is reported as sent
      And the desk has received only the files "fine.pdf", "photo.png"

    @FILE-07
    Scenario Outline: To be asked about <how many> is no reason to fail
      Given the integration looks at chosen files
      And the user is talking to "Ann"
      When the host calls "filesSelectedForUpload" with
        """json
        <arguments>
        """
      Then "filesSelectedForUpload" is fulfilled within 20 seconds
      And the page shows no error

      Examples:
        | how many    | arguments |
        | no file     | [[]] |
        | two files   | [[{"id": "f1", "status": "edit", "file": {"$file": {"name": "a.txt", "type": "text/plain", "text": "a"}}}, {"id": "f2", "status": "edit", "file": {"$file": {"name": "b", "type": "", "text": ""}}}]] |

    @FILE-07
    Scenario: To be asked while no chat runs is no reason to fail
      Given the integration looks at chosen files
      And the chat is open
      When the host calls "filesSelectedForUpload" with
        """json
        [[{"id": "f1", "status": "edit", "file": {"$file": {"name": "a.txt", "type": "text/plain", "text": "a"}}}]]
        """
      Then "filesSelectedForUpload" is fulfilled within 20 seconds
      And the page shows no error

    @FILE-15
    Scenario: A refusal is final
      Given the integration takes files
      And the desk takes files of the types "image/*,.pdf" and of at most 5000 bytes
      And the user is talking to "Ann"
      And the user can attach several files
      When the user attaches these files
        | fine.pdf      | 5000 bytes |
        | too large.pdf | 5001 bytes |
      Then no refusal has been taken back
      When the user sends what has not been refused
      Then "fine.pdf" is reported as sent

    @FILE-16
    Scenario Outline: The limits hold although the chooser, and the desk, would let it pass: <why>
      Given the integration takes files
      And the desk takes files of the types "image/*,.pdf" and of at most 5000 bytes
      And the desk takes any file all the same
      And the user is talking to "Ann"
      And the user can attach a file
      When the user attaches "<name>" of <size>
      And the user sends what has not been refused
      Then "<name>" is reported as failed
      And the desk has received no file

      Examples:
        | why         | name          | size       |
        | its type    | setup.exe     | 300 bytes  |
        | its size    | too large.pdf | 5001 bytes |

  Rule: What the host does

    Background:
      Given a scripted integration
      And the user is talking to "Ann"

    @FILE-01
    Scenario: Nothing is offered until it is allowed, and what is not named stays as it was
      Then the user cannot attach files
      When the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true, "allowedFileUploadTypes": "image/*,.pdf"}]
      Then the user can attach a file
      And the file chooser asks for "image/*,.pdf"
      When the scripted integration calls "updateCapabilities" with [{"allowMultipleFileUploads": true}]
      Then the user can attach several files
      And the file chooser asks for "image/*,.pdf"

    @FILE-01
    Scenario: A permission outlives its chat
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true}]
      When the user ends the chat
      Then the user cannot attach files
      When the user requests another agent
      And the scripted integration calls "agentJoined" with [{"id": "bob", "nickname": "Bob", "user_type": "human"}]
      Then the user can attach a file

    @FILE-04
    Scenario: Each choice is shown to the integration by itself
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true, "allowMultipleFileUploads": true}]
      When the user attaches these files
        | one.txt |
        | two.txt |
      Then the host asks about 2 new files
      And the host calls "filesSelectedForUpload" with
        """json
        [[{"id": "<string>", "file": {"$type": "file", "name": "one.txt", "type": "text/plain", "size": 2000}, "status": "edit"}, {"file": {"name": "two.txt"}}]]
        """
      When the user attaches "three.txt"
      Then the host asks about 1 new file
      And the user sees 3 chosen files

    @FILE-04
    Scenario: Without permission for several, one file is all
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true}]
      When the user attaches "only.txt"
      Then the user cannot attach another file

    @FILE-04 @dialect:ai-chat
    Scenario: No more files are chosen than may be sent
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true, "allowMultipleFileUploads": true, "maxFiles": 2}]
      When the user attaches these files
        | one.txt |
        | two.txt |
      Then the user cannot attach another file
      And the user can press send

    @FILE-04
    Scenario: A refused file is in the way until the user removes it
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true, "allowMultipleFileUploads": true}]
      And the scripted integration refuses "bad.exe"
      When the user attaches these files
        | good.txt |
        | bad.exe  |
      Then the user sees that "bad.exe" is refused
      And the user cannot press send
      When the user removes the refused file
      Then the user can press send
      And the user sees 1 chosen file

    @FILE-04
    Scenario: What was chosen is dropped when files are no longer allowed
      Given the scripted integration calls "updateCapabilities" with [{"allowFileUploads": true}]
      When the user attaches "gone.txt"
      And the scripted integration calls "updateCapabilities" with [{"allowFileUploads": false}]
      Then the user sees no chosen file
      And the user cannot attach files
