Feature: Messages

  What agent and customer say to each other is an event of their conversation. The desk publishes what the agent says; the manager brings it to everyone who is in the
  conversation, the desk that sent it among them.

  Rule: What the agent says goes out as one event

    @AM-CIM-01
    Scenario: A message says whose it is and where it belongs
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"cimEvent": "<any>", "agentId": "${amy.id}", "conversationId": "${Carla.conversation}"}
        """

    @AM-CIM-01 @dialect:cx-2024 @dialect:seed
    Scenario: A message names the room of its conversation
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"roomInfo": "${onTopicData.roomInfo}"}
        """

    @AM-CIM-02
    Scenario: An event has an id, a name, a type, a time and its data
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"cimEvent": {"id": "<string>", "name": "<string>", "type": "<string>", "timestamp": "<number>", "data": "<any>"}}
        """

    @AM-CIM-03
    Scenario: The event is an object, although the manager's are text
      Given events come as text
      And amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"cimEvent": {}}
        """

    @AM-CIM-04
    Scenario: What is said to the customer is an AGENT_MESSAGE, and that is a MESSAGE
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"cimEvent": {"name": "AGENT_MESSAGE", "type": "MESSAGE"}}
        """

    @AM-CIM-04
    Scenario: What is said to colleagues only is a WHISPER_MESSAGE, and that is a MESSAGE too
      Given amy talks to "Carla"
      And sue monitors "Carla" already
      When sue whispers "Offer a refund." about "Carla"
      Then sue's desk publishes "Offer a refund." with
        """json
        {"cimEvent": {"name": "WHISPER_MESSAGE", "type": "MESSAGE"}}
        """

    @AM-CIM-05
    Scenario: Every message and every event has a new id
      Given amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      And amy says "Good morning." to "Carla"
      And amy says "Let me look." to "Carla"
      And amy says "Let me look." to "Carla"
      Then amy's desk publishes "Let me look." with
        """json
        {"cimEvent": {"data": {"id": "<string>", "header": {}, "body": {}}}}
        """
      And everything that amy's desk publishes has an id of its own

    @AM-CIM-06
    Scenario: The sender is the agent
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." in amy's name

    @AM-CIM-06
    Scenario: The sender is the agent in an answer to the customer, too
      Given amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      And amy answers "Where is my parcel?" of "Carla" with "On its way."
      Then amy's desk publishes "On its way." in amy's name

    @AM-CIM-07
    Scenario: The header names conversation, channel session and customer as they were given
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy's desk publishes "Good morning." with
        """json
        {"cimEvent": {"data": {"header": {
          "conversationId": "${onTopicData.conversationId}", "channelSessionId": "${onTopicData.topicData.channelSession.id}",
          "channelData": "${onTopicData.topicData.channelSession.channelData}", "customer": "${onTopicData.topicData.customer}"
        }}}}
        """

    @AM-CIM-07
    Scenario: Of two conversations, each message names its own
      Given amy talks to "Carla"
      And amy talks to "Cyril"
      When amy says "Good morning, Carla." to "Carla"
      Then amy's desk publishes "Good morning, Carla." with
        """json
        {"cimEvent": {"data": {"header": {"conversationId": "${Carla.conversation}", "customer": {"_id": "${Carla.id}"}}}}}
        """

    @AM-CIM-07
    Scenario: A message goes by the channel session that the agent has picked
      Given amy talks to "Carla"
      And "Carla" writes by "WHATSAPP" as well
      When amy picks the session by "WHATSAPP" of "Carla"
      And amy says "Here as well." to "Carla"
      Then amy's desk publishes "Here as well." through the second channel session of "Carla"
      When amy picks the session by "WEB" of "Carla"
      And amy says "There again." to "Carla"
      Then amy's desk publishes "There again." through the first channel session of "Carla"

    @AM-CIM-08
    Scenario: A text is a PLAIN body with its markdownText
      Given amy talks to "Carla"
      When amy says "Good *morning*." to "Carla"
      Then amy's desk publishes "Good *morning*." with
        """json
        {"cimEvent": {"data": {"body": {"type": "PLAIN", "markdownText": "Good *morning*."}}}}
        """

    @AM-CIM-17
    Scenario: What the agent says leaves in the order in which it was typed
      Given amy talks to "Carla"
      When amy says 5 lines to "Carla"
      Then "Carla" has received the 5 lines in their order

  Rule: An agent publishes only where and what the role allows

    @AM-CIM-09
    Scenario: One who gives advice says nothing to the customer
      Given amy talks to "Carla"
      And ben is ready
      And amy consults the queue "Billing" about "Carla"
      And ben accepts "Carla"
      When ben types "Offer a refund." to "Carla" without sending it
      Then ben's desk sends no "publishCimEvent"
      When ben whispers "Offer a refund." about "Carla"
      Then ben's desk publishes "Offer a refund."
      And "Carla" has not received "Offer a refund."

    @AM-CIM-09
    Scenario: After the end of a conversation nothing is published into it
      Given amy talks to "Carla"
      And amy types "One more thing" to "Carla" without sending it
      When amy leaves "Carla"
      Then amy's desk sends no "publishCimEvent" for 10 seconds

  Rule: What comes in is shown

    @AM-CIM-10
    Scenario: A message in an event that is text is shown
      Given events come as text
      And amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      Then amy sees "Where is my parcel?" in the conversation of "Carla"

    @AM-CIM-10 @dialect:seed
    Scenario: A message in an event that is an object is shown where the guide is taken at its word
      Given events come as objects
      And amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      Then amy sees "Where is my parcel?" in the conversation of "Carla"

    @AM-CIM-11
    Scenario: The agent's own message is shown once, also when it comes back
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      Then amy sees "Good morning." 1 time in the conversation of "Carla"

    @AM-CIM-11
    Scenario: The agent's own message is shown once, also when it comes back late
      Given amy talks to "Carla"
      And the manager keeps back "onCimEvent"
      When amy says "Good morning." to "Carla"
      And 2 seconds pass
      And the manager lets go of "onCimEvent"
      Then amy sees "Good morning." 1 time in the conversation of "Carla"

    @AM-CIM-13
    Scenario Outline: What a customer sends as <type> is shown, or at least that it came
      Given amy talks to "Carla"
      When "Carla" says "Have a look:"
      And "Carla" sends a message of the type "<type>"
      And "Carla" says "Did you get it?"
      Then amy sees a message between "Have a look:" and "Did you get it?" in the conversation of "Carla"
      When amy says "I have." to "Carla"
      Then "Carla" has received "I have."

      Examples:
        | type                 |
        | PLAIN                |
        | IMAGE                |
        | FILE                 |
        | VIDEO                |
        | AUDIO                |
        | LOCATION             |
        | CONTACT              |
        | URL                  |
        | BUTTON               |
        | CAROUSEL             |
        | EMAIL                |
        | WRAPUP               |
        | DELIVERYNOTIFICATION |
        | NOTIFICATION         |

    @AM-CIM-13
    Scenario: The words of a plain text are shown as they are
      Given amy talks to "Carla"
      When "Carla" says "It is 3 < 5 & 'so on': grüß, 你好, שלום 👋"
      Then amy sees "It is 3 < 5 & 'so on': grüß, 你好, שלום 👋" in the conversation of "Carla"

    @AM-CIM-13
    Scenario: A message of a type that nobody knows spoils none of the others
      Given amy talks to "Carla"
      When the manager sends amy a message of "Carla" with the body
        """json
        {"type": "HOLOGRAM", "beam": {"angle": 30}}
        """
      And "Carla" says "Did you get it?"
      Then amy sees "Hello, I need help." in the conversation of "Carla"
      And amy sees "Did you get it?" in the conversation of "Carla"

    @AM-CIM-14
    Scenario Outline: What a customer writes does nothing: <what>
      Given amy talks to "Carla"
      When "Carla" says "Look: <text>"
      Then amy sees "Look:" in the conversation of "Carla"
      And amy's desk fetches nothing that is called "canary"

      Examples:
        | what                 | text                                                        |
        | a picture            | <img src=${manager}/canary-picture>                         |
        | a handler of errors  | <img src=nowhere onerror=fetch('${manager}/canary-handler')> |
        | a script             | <script>fetch('${manager}/canary-script')</script>          |
        | a drawing that loads | <svg onload=fetch('${manager}/canary-drawing')></svg>       |
        | a frame              | <iframe src=${manager}/canary-frame></iframe>               |
        | a style              | <style>@import url(${manager}/canary-style);</style>        |

    @AM-CIM-17
    Scenario: What the customer says is shown in the order in which it came
      Given amy talks to "Carla"
      When "Carla" says 5 lines at once
      Then amy sees the 5 lines of "Carla" in their order

  Rule: A reply names what it answers

    @AM-CIM-12
    Scenario: An answer to one of several messages names that one
      Given amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      And "Carla" says "And what does it weigh?"
      And amy answers "Where is my parcel?" of "Carla" with "On its way."
      Then amy's desk publishes "On its way." as an answer to "Where is my parcel?" of "Carla"

  Rule: What becomes of a message

    @AM-CIM-18
    Scenario: A message that the agent sees is receipted
      Given amy talks to "Carla"
      When "Carla" says "Where is my parcel?"
      Then amy's desk tells that "Where is my parcel?" of "Carla" was read

    @AM-CIM-18
    Scenario: A message is receipted once, however often the agent turns to it, and the agent's own never
      Given amy talks to "Carla"
      And amy talks to "Cyril"
      When "Carla" says "Where is my parcel?"
      And amy says "I shall look." to "Carla"
      And amy says "One moment." to "Cyril"
      And amy says "It is on its way." to "Carla"
      Then amy's desk tells that "Where is my parcel?" of "Carla" was read
      And amy's desk has told of no message twice, nor of its own, that it was read

    @AM-CIM-18
    Scenario: One who gives advice sends no receipts
      Given amy talks to "Carla"
      And ben is ready
      And amy consults the queue "Billing" about "Carla"
      And ben accepts "Carla"
      When "Carla" says "Where is my parcel?"
      Then ben sees "Where is my parcel?" in the conversation of "Carla"
      And ben's desk sends no "publishCimEvent"

    @AM-CIM-20
    Scenario: A message that could not be delivered is marked
      Given amy talks to "Carla"
      When amy says "Good morning." to "Carla"
      And amy says "Are you there?" to "Carla"
      And "Carla" cannot be given "Are you there?"
      Then amy sees "Are you there?" as failed in the conversation of "Carla"
      And amy does not see "Good morning." as failed in the conversation of "Carla"

    @AM-CIM-24
    Scenario: A message that does not come back may be sent again, under its own id
      Given amy talks to "Carla"
      And the manager keeps back "onCimEvent"
      When amy says "Good morning." to "Carla"
      And 30 seconds pass
      And the manager lets go of "onCimEvent"
      Then whatever amy's desk publishes again keeps its id
      And "Carla" has received "Good morning." 1 time

  Rule: Typing is told, but not often

    @AM-CIM-19
    Scenario: A person who types is told of once in three seconds at most
      Given amy talks to "Carla"
      When amy types "See" to "Carla" without sending it
      Then amy's desk sends "publishCimEvent" with
        """json
        {"cimEvent": {"name": "TYPING_INDICATOR", "type": "NOTIFICATION", "data": {"body": {"type": "NOTIFICATION", "notificationType": "TYPING_STARTED"}}}}
        """
      And amy's desk has published "TYPING_INDICATOR" 1 time since then
