Feature: What happens in a conversation

  Beside words, a conversation has events: someone joins, a channel opens, a bot suggests an answer. The desk takes them all without harm, and shows what has changed.

  Rule: Who takes part

    @AM-CIM-15
    Scenario: An agent who joins and leaves again is shown among those who take part
      Given amy talks to "Carla"
      And ben is ready
      When amy shares "Carla" with the queue "Billing"
      And ben accepts "Carla"
      Then amy sees ben among those in the conversation of "Carla"
      When ben leaves "Carla"
      Then amy does not see ben among those in the conversation of "Carla"

    @AM-CIM-15
    Scenario: One whose role changes from listening to talking is shown
      Given amy talks to "Carla"
      And sue monitors "Carla" already
      When sue barges in on "Carla"
      Then amy sees sue among those in the conversation of "Carla"

    @AM-CIM-15
    Scenario: A customer who turns out to be another is shown under the right name
      Given amy talks to "Carla"
      When "Carla" turns out to be "Clara Jones"
      Then amy sees "Clara Jones"

  Rule: How the conversation stands

    @AM-CIM-15
    Scenario: A channel that the customer uses as well is shown, and its end does no harm
      Given amy talks to "Carla"
      When "Carla" writes by "WHATSAPP" as well
      Then amy sees "WHATSAPP"
      When "Carla" stops writing by "WHATSAPP"
      And "Carla" says "I am still here."
      Then amy sees "I am still here." in the conversation of "Carla"
      And no error is uncaught on amy's desk

    @AM-CIM-15
    Scenario: What becomes known of the conversation is shown
      Given amy talks to "Carla"
      When the data of the conversation of "Carla" change
      Then amy sees "A-1042"

    @AM-CIM-15
    Scenario: Waiting for another agent in vain does no harm
      Given amy talks to "Carla"
      When amy shares "Carla" with the queue "Nobody"
      And 25 seconds pass
      And "Carla" says "I am still here."
      Then amy sees "I am still here." in the conversation of "Carla"
      And no error is uncaught on amy's desk
      When amy says "So am I." to "Carla"
      Then "Carla" has received "So am I."

    @AM-CIM-15
    Scenario: The time to answer is shown until it ends
      Given amy talks to "Carla"
      When the time to answer "Carla" begins
      Then amy sees that there is a time to answer "Carla"
      When the time to answer "Carla" ends
      Then amy sees no time to answer "Carla"

    @AM-CIM-15
    Scenario: An answer that a bot suggests is shown
      Given amy talks to "Carla"
      When a bot suggests "Please restart the lamp." in the conversation of "Carla"
      Then amy sees "Please restart the lamp."

    @AM-CIM-15
    Scenario: That the customer types is shown
      Given amy talks to "Carla"
      When "Carla" types
      Then amy sees that "Carla" types

    @AM-CIM-15
    Scenario: What became of the agent's message does no harm
      Given amy talks to "Carla"
      And amy says "Good morning." to "Carla"
      When "Carla" receives "Good morning."
      And "Carla" reads "Good morning."
      And "Carla" says "Good morning to you."
      Then amy sees "Good morning." in the conversation of "Carla"
      And amy sees "Good morning to you." in the conversation of "Carla"
      And no error is uncaught on amy's desk

  Rule: What nobody knows

    @AM-CIM-16
    Scenario: An event of an unknown name has no effect on what follows
      Given amy talks to "Carla"
      When the manager sends amy the event "MOON_PHASE_CHANGED" of the conversation of "Carla" with
        """json
        {"phase": "FULL", "since": null}
        """
      And "Carla" says "Where is my parcel?"
      Then amy sees "Where is my parcel?" in the conversation of "Carla"
      And no error is uncaught on amy's desk

    @AM-CIM-16
    Scenario Outline: An event of a conversation that the desk does not have has no effect on those that it has: <event>
      Given amy talks to "Carla"
      When the manager sends amy the event "<event>" of a conversation that nobody has
      And "Carla" says "Where is my parcel?"
      Then amy sees "Where is my parcel?" in the conversation of "Carla"
      And no error is uncaught on amy's desk
      When amy says "On its way." to "Carla"
      Then "Carla" has received "On its way."

      Examples:
        | event                |
        | CUSTOMER_MESSAGE     |
        | AGENT_SUBSCRIBED     |
        | CONVERSATION_RESUMED |
