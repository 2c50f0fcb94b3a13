Feature: What a desk has to bear

  Managers of later versions, and other parts of a contact centre, send what a desk does not know. It passes that over, and works on: the next offer is there, can be taken, and carries words both ways.

  Rule: An event that the desk does not know is passed over, whatever it is called and whatever it carries

    @AM-CONN-15
    Scenario Outline: <event> with <payload>
      Given amy is ready
      When the manager sends amy "<event>" with
        """json
        <payload>
        """
      Then no error is uncaught on amy's desk
      When "Carla" asks for help
      Then amy sees an offer from "Carla"
      When amy accepts "Carla"
      And amy says "I am still here." to "Carla"
      Then "Carla" has received "I am still here."

      Examples: names that every object has something for
        | event          | payload            |
        | constructor    | {"name": "Object"} |
        | toString       | "text"             |
        | hasOwnProperty | null               |
        | then           | []                 |

      Examples: names of a later version, and odd things with them
        | event           | payload                              |
        | agentPresenceV2 | {"agentPresence": null}              |
        | taskRequest.new | [[[[[[]]]]]]                         |
        | onTopicData_    | 42                                   |
        | 💬              | {"": {"": ""}, "__proto__": {"x": 1}} |

  Rule: An event of a conversation that the desk does not know is passed over, and the others come through

    @AM-CIM-16
    Scenario Outline: The name <name>
      Given amy talks to "Carla"
      When the manager sends amy "onCimEvent" with
        """json
        {"conversationId": "${Carla.conversation}", "roomInfo": {"id": "room", "mode": "CONTACT_CENTER"}, "cimEvent": "{\"id\": \"e-1\", \"name\": \"<name>\", \"type\": \"NOTIFICATION\", \"timestamp\": 1, \"data\": <data>}"}
        """
      And "Carla" says "Do you hear me?"
      Then amy sees "Do you hear me?" in the conversation of "Carla"
      And no error is uncaught on amy's desk

      Examples:
        | name          | data |
        | constructor   | null |
        | __proto__     | {}   |
        | AGENT_ASLEEP  | []   |
        | task_enqueued | 7    |

  Rule: What ends and was never there does no harm, however often it is told

    @AM-LEAVE-06
    Scenario: Three ends of conversations that the desk does not have
      Given amy talks to "Carla"
      When the manager sends amy "topicUnsubscription" with
        """json
        {"conversationId": "nobody-1", "reason": "CHAT TRANSFERRED"}
        """
      And the manager sends amy "topicUnsubscription" with
        """json
        {"conversationId": "constructor", "reason": "UNSUBSCRIBED"}
        """
      And the manager sends amy "topicUnsubscription" with
        """json
        {"conversationId": "__proto__", "reason": "UNSUBSCRIBED"}
        """
      And "Carla" says "Do you hear me?"
      Then amy sees "Do you hear me?" in the conversation of "Carla"
      And no error is uncaught on amy's desk
