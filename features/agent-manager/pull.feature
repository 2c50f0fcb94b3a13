Feature: Requests in lists

  Not every request is offered to somebody. Some wait in a list until an agent who has subscribed to it takes them out.

  @AM-TASK-21
  Scenario: An agent joins a list
    Given amy is ready
    And "Carla" puts a request into the list "Callbacks"
    When amy joins the list "Callbacks"
    Then amy's desk sends "subscribePullModeList" with
      """json
      {"agentId": "${amy.id}", "listId": "${Callbacks.id}", "list": {"id": "${Callbacks.id}", "name": "Callbacks"}}
      """
    And amy sees "Carla Customer"

  @AM-TASK-21
  Scenario: An agent leaves a list
    Given amy is ready
    And amy joins the list "Callbacks"
    And "Carla" puts a request into the list "Callbacks"
    When amy leaves the list "Callbacks"
    Then amy's desk sends "unsubscribePullModeList" with
      """json
      {"agentId": "${amy.id}", "listId": "${Callbacks.id}"}
      """
    And amy does not see "Carla Customer"

  @AM-TASK-21
  Scenario: An agent takes a request
    Given amy is ready
    And amy joins the list "Callbacks"
    And "Carla" puts a request into the list "Callbacks"
    When amy takes the request of "Carla"
    Then amy's desk sends "joinPullModeRequest" with
      """json
      {"agentId": "${amy.id}", "requestId": "${Carla.request}", "channelSession": {"conversationId": "${Carla.conversation}"}}
      """
    And amy sees "Please call me back." in the conversation of "Carla"

  @AM-TASK-21
  Scenario: An agent deletes a request
    Given amy is ready
    And amy joins the list "Callbacks"
    And "Carla" puts a request into the list "Callbacks"
    When amy deletes the request of "Carla"
    Then amy's desk sends "deletePullModeRequest" with
      """json
      "${Carla.request}"
      """
    And amy does not see "Carla Customer"

  @AM-TASK-21
  Scenario: A request that is removed disappears
    Given amy is ready
    And amy joins the list "Callbacks"
    And "Carla" puts a request into the list "Callbacks"
    And "Dora" puts a request into the list "Callbacks"
    When "Carla" leaves
    Then amy does not see "Carla Customer"
    And amy sees "Dora Customer"
    When amy tries to take the request of "Carla"
    Then amy's desk sends no "joinPullModeRequest"
