Feature: Rich messages
  Agents send more than words. What the chat can draw is given to it as an item: text, picture, video, error, link, content of the page's own.
  An integration that says the same in words, a link for a picture, keeps the contract too; only what is dropped is lost.

  @TYPE-02 @MSG-01
  Scenario: A picture is shown
    Given the user is talking to "Ann"
    When "Ann" sends the picture "The way to our shop"
    Then the user sees the picture "The way to our shop"

  @TYPE-03
  Scenario: A video can be played
    Given the user is talking to "Ann"
    When "Ann" sends the video "How to reset it"
    Then the user is offered the video "How to reset it"

  @TYPE-04
  Scenario: What went wrong is shown as an error
    Given the user is talking to "Ann"
    When the desk sends the error notice "Your last file could not be read."
    Then the user sees the error notice "Your last file could not be read."

  @TYPE-05
  Scenario: A file is a link
    Given the user is talking to "Ann"
    When "Ann" sends the file "invoice.pdf"
    Then the user is offered the file "invoice.pdf"
    And no message would speak in the user's name

  @TYPE-05 @TYPE-08
  Scenario: A choice is answered by the user, not for the user
    Given the user is talking to "Ann"
    When "Ann" lets the user choose "Which colour?" from "red, green"
    Then the user reads "Which colour?" somewhere in the agent's words
    And no message would speak in the user's name
    And no message holds what the contract leaves out

  @TYPE-06
  Scenario: What only the page can show is said in words as well
    Given the user is talking to "Ann"
    When "Ann" sends custom content that reads "We offer you a month for free"
    Then the user reads of the custom content "We offer you a month for free", whether or not the page can show it

  @TYPE-07
  Scenario: A kind that the chat does not know becomes words
    Given the user is talking to "Ann"
    When "Ann" sends a kind of her own that reads "Your parcel is on its way"
    Then the user reads "Your parcel is on its way" somewhere in the agent's words
    And no message holds what the chat would not show

  @TYPE-07 @TYPE-08
  Scenario: Nothing is sent but what the contract has
    Given the user is talking to "Ann"
    When "Ann" sends the picture "The way to our shop"
    And "Ann" sends the video "How to reset it"
    And "Ann" sends the file "invoice.pdf"
    And "Ann" sends custom content that reads "We offer you a month for free"
    And the desk sends the error notice "Your last file could not be read."
    And 2 seconds pass
    Then no message holds what the chat would not show
    And no message holds what the contract leaves out

  @TYPE-09
  Scenario: An early chat is given only what every version of it shows
    Given the chat is an early web chat
    And the user is talking to "Ann"
    When "Ann" sends the picture "The way to our shop"
    And "Ann" sends the file "invoice.pdf"
    And 2 seconds pass
    Then every item is a text or an error
    And the user reads "invoice.pdf" somewhere in the agent's words

  @TYPE-10
  Scenario: Several parts stay in their order
    Given the user is talking to "Ann"
    When "Ann" sends "Start at the station", the picture "The way to our shop" and "We are open until six" in one
    Then the user gets "Start at the station", the picture "The way to our shop" and "We are open until six" in this order

  @TYPE-01 @TYPE-10
  Scenario: The words beside a picture are words
    Given the user is talking to "Ann"
    When "Ann" sends "Fish & chips", the picture "The way to our shop" and "Mind the gap" in one
    Then the user reads "Fish & chips" somewhere in the agent's words
    And the user reads "Mind the gap" somewhere in the agent's words

  Rule: What the host does

    Background:
      Given a scripted integration
      And the user is talking to "Ann"

    @TYPE-01
    Scenario: Text is markdown
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "text", "text": "It costs **nothing** at all"}]}}, "ann"]
      Then the user sees "nothing" in bold

    @TYPE-02
    Scenario: A picture has a description for those who do not see it
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "image", "source": "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "alt_text": "A map"}]}}, "ann"]
      Then the user sees a picture described as "A map"

    @TYPE-03
    Scenario: A video has a player
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "video", "source": "https://desk.test/film.mp4", "alt_text": "A film"}]}}, "ann"]
      Then the user sees a video described as "A film"

    @TYPE-04
    Scenario: An error is nobody's words
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "inline_error", "text": "That did not work"}]}}, "ann"]
      Then the user sees the error "That did not work", which is nobody's words

    @TYPE-05
    Scenario: A button is a link
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "button", "button_type": "url", "url": "https://desk.test/invoice", "label": "Your invoice"}]}}, "ann"]
      Then the user sees the link "Your invoice" to "https://desk.test/invoice"

    @TYPE-06
    Scenario: The page is told of what only it can show, with a place for it
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "user_defined", "user_defined": {"offer": 7}}, {"response_type": "text", "text": "An offer"}]}}, "ann"]
      Then the page hears "userDefinedResponse" with
        """json
        {"data": {"message": {"response_type": "user_defined", "user_defined": {"offer": 7}}, "fullMessage": {"id": "<string>", "output": {"generic": [{}, {"text": "An offer"}]}}, "slot": "<string>"}}
        """
      And the user reads "An offer" somewhere in the agent's words

    @TYPE-10
    Scenario: Several items are one message
      When the scripted integration calls "sendMessageToUser" with [{"output": {"generic": [{"response_type": "text", "text": "Before"}, {"response_type": "image", "source": "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "alt_text": "A map"}, {"response_type": "text", "text": "After"}]}}, "ann"]
      Then the user sees 3 items in one message: text, image, text
