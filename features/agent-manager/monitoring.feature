Feature: Monitoring, whispering and barging in

  A supervisor listens to a conversation of the team without anyone being told, whispers to the agents, and steps in where that is needed.

  @AM-MON-01
  Scenario Outline: A supervisor asks to listen, and hears what was said: <flow>
    Given <flow>
    And amy talks to "Carla"
    And sue is signed in
    When sue monitors "Carla"
    Then sue's desk sends "JoinAsSilentMonitor" with
      """json
      {"agentId": "${sue.id}", "topicParticipant": {"participant": {"id": "${sue.id}"}}, "channelSession": {"id": "${Carla.session}"}}
      """
    And sue sees "Hello, I need help." in the conversation of "Carla"
    When amy says "Let me look." to "Carla"
    Then sue sees "Let me look." in the conversation of "Carla"

    Examples:
      | flow                          |
      | monitoring begins at once     |
      | monitoring begins with a task |

  @AM-MON-02
  Scenario: One who listens is a silent monitor of that conversation
    Given amy talks to "Carla"
    And amy talks to "Dora"
    And sue is signed in
    When sue monitors "Carla"
    Then sue's desk sends "JoinAsSilentMonitor" with
      """json
      {"topicParticipant": {"role": "SILENT_MONITOR", "conversationId": "${Carla.conversation}"}, "channelSession": {"conversationId": "${Carla.conversation}"}}
      """

  @AM-MON-04
  Scenario: Monitoring is not for agents
    Given amy talks to "Carla"
    And ben is signed in
    When ben tries to monitor "Carla"
    Then ben's desk sends no "JoinAsSilentMonitor"
    And ben cannot monitor anything

  @AM-MON-06
  Scenario: Nothing gives a silent monitor away
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When "Carla" says "Where is my parcel?"
    And sue turns to the conversation of "Carla"
    Then sue sees "Where is my parcel?" in the conversation of "Carla"
    And sue's desk sends no "publishCimEvent" for 5 seconds

  @AM-MON-06
  Scenario: Nobody hears a silent monitor type
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue tries to type "Hm" to "Carla" without sending it
    Then sue's desk sends no "publishCimEvent" for 5 seconds

  @AM-MON-07
  Scenario: A whisper is published as one
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue whispers "Offer a refund." about "Carla"
    Then sue's desk publishes "Offer a refund." as a whisper
    And "Carla" has not received "Offer a refund."
    And amy sees "Offer a refund." in the conversation of "Carla"

  @AM-MON-08
  Scenario: A supervisor steps in
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue barges in on "Carla"
    Then sue's desk asks to barge in on "Carla"
    And amy sees sue among those in the conversation of "Carla"

  @AM-MON-09
  Scenario: Nobody steps in who has not listened before
    Given amy talks to "Carla"
    And sue is signed in
    When sue monitors "Carla"
    Then sue's desk sends "JoinAsSilentMonitor"
    And sue's desk does not ask to barge in
    When sue barges in on "Carla"
    Then sue's desk asks to barge in on "Carla"

  @AM-MON-11
  Scenario: Who has stepped in can say everything
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue barges in on "Carla"
    Then sue can say "We send another today." to "Carla"
    And sue can whisper "Use the express." about "Carla"
    And "Carla" has not received "Use the express."

  @AM-MON-11
  Scenario: For the others only the list of those who are there changes
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue barges in on "Carla"
    Then amy sees sue among those in the conversation of "Carla"
    And amy can say "My supervisor is here." to "Carla"

  @AM-MON-12
  Scenario: One who listens joins to whisper
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue joins "Carla" to whisper
    Then sue's desk sends "joinAsWhisper" with
      """json
      {"participantId": "${sue.id}", "conversationId": "${Carla.conversation}"}
      """
    And sue can whisper "Be kind." about "Carla"
    And "Carla" has not received "Be kind."

  @AM-MON-13
  Scenario: When the last agent has left there is nothing to listen to
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When amy leaves "Carla"
    Then sue does not see the conversation of "Carla"

  @AM-MON-14
  Scenario: A whisper is seen to be one, and is not quoted
    Given amy talks to "Carla"
    And sue monitors "Carla" already
    When sue whispers "Offer a refund." about "Carla"
    Then amy sees "Offer a refund." as a whisper in the conversation of "Carla"
    When amy says "How about your money back?" to "Carla"
    Then amy's desk publishes "How about your money back?" as no answer to anything
    And "Carla" has not received "Offer a refund."

  @AM-MON-15
  Scenario: Agents are not told who listens
    Given amy talks to "Carla"
    And sue is signed in
    And amy looks at the desk
    When sue monitors "Carla"
    Then sue sees "Hello, I need help." in the conversation of "Carla"
    And amy sees nothing new
    And amy does not see sue among those in the conversation of "Carla"
