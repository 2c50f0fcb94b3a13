Feature: Wrapping up, and holding

  An agent files what a conversation was about: while it goes on, or in the time that the manager gives for it once it is over. A conversation that has to wait is put on hold.

  Rule: Wrapping up

    @AM-CIM-21
    Scenario: A conversation that goes on is filed with a message
      Given amy talks to "Carla"
      When amy files "Carla" under "Support" as "Solved" with the note "A new lamp is on its way."
      Then amy's desk publishes "A new lamp is on its way." with
        """json
        {"cimEvent": {"name": "AGENT_MESSAGE", "type": "MESSAGE", "data": {"body": {
          "type": "WRAPUP", "wrapups": [{"categoryName": "<string>", "value": "<string>"}], "note": "A new lamp is on its way."
        }}}}
        """

    @AM-CIM-21
    Scenario: A conversation that is over is filed within the time that there is for it
      Given conversations end with a wrap-up
      And amy talks to "Carla"
      When amy leaves "Carla"
      And amy files "Carla" under "Support" as "Solved" with the note "A new lamp is on its way."
      Then amy's desk sends "closeWrapup" with
        """json
        {"agentId": "${amy.id}", "conversationId": "${Carla.conversation}", "cimEvent": {"name": "AGENT_MESSAGE", "type": "MESSAGE", "data": {"body": {
          "type": "WRAPUP", "wrapups": [{"categoryName": "<string>", "value": "<string>"}], "note": "A new lamp is on its way."
        }}}}
        """

    @AM-CIM-21
    Scenario: A conversation whose customer has left is filed within that time, too
      Given conversations end with a wrap-up
      And amy talks to "Carla"
      When "Carla" leaves
      And amy files "Carla" under "Support" as "Solved" with the note "A new lamp is on its way."
      Then amy's desk sends "closeWrapup" with
        """json
        {"conversationId": "${Carla.conversation}", "cimEvent": {"data": {"body": {"type": "WRAPUP"}}}}
        """
      And the conversation of "Carla" is over

    @AM-CIM-21
    Scenario: One who files nothing says so
      Given conversations end with a wrap-up
      And amy talks to "Carla"
      When amy leaves "Carla"
      And amy leaves "Carla" without a wrap-up
      Then amy's desk sends "closeWrapup" with
        """json
        {"agentId": "${amy.id}", "conversationId": "${Carla.conversation}", "cimEvent": null}
        """

    @AM-CIM-22
    Scenario: The time to wrap up is counted down
      Given conversations end with a wrap-up
      And amy talks to "Carla"
      When amy leaves "Carla"
      Then amy sees 30 seconds left to wrap "Carla" up
      When 10 seconds pass
      Then amy sees 20 seconds left to wrap "Carla" up

  Rule: Holding

    @AM-CIM-23
    Scenario: A pause is asked for with its state and its length in seconds
      Given amy talks to "Carla"
      When amy pauses "Carla" for 5 minutes
      Then amy's desk sends "pauseConversation" with
        """json
        {"participantId": "<string>", "conversationId": "${Carla.conversation}", "roomInfo": "${onTopicData.roomInfo}", "duration": 300, "state": "ON_HOLD"}
        """

    @AM-CIM-23
    Scenario: A conversation is on hold when the manager says so
      Given amy talks to "Carla"
      And the manager keeps back "onCimEvent"
      When amy pauses "Carla" for 5 minutes
      Then amy does not see that "Carla" is on hold
      When the manager lets go of "onCimEvent"
      Then amy sees that "Carla" is on hold

    @AM-CIM-23
    Scenario: The end of a pause is asked for, too
      Given amy talks to "Carla"
      And amy pauses "Carla" for 5 minutes
      When amy resumes "Carla"
      Then amy's desk sends "resumeConversation" with
        """json
        {"participantId": "<string>", "conversationId": "${Carla.conversation}", "roomInfo": "${onTopicData.roomInfo}", "state": "ACTIVE"}
        """
      And amy does not see that "Carla" is on hold

    @AM-CIM-23
    Scenario: A pause that is over is shown as over
      Given amy talks to "Carla"
      And amy pauses "Carla" for 1 minute
      When 61 seconds pass
      Then amy does not see that "Carla" is on hold
