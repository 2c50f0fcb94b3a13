Feature: Tokens
  Before anything else the connector asks the identity server for a token, with the client that the account's administrator has made for it, and shows it with each call.

  Rule: The request for a token is the one of the client credentials grant

    @DC-AUTH-02 @DC-AUTH-03 @DC-AUTH-05
    Scenario: The client presents itself with Basic, and everything else is in a form
      Given Ann talks to an agent
      Then the connector has asked for a token with
        """json
        {"grant_type": "client_credentials"}
        """
      And the client has presented itself with Basic

    @DC-AUTH-05
    Scenario: What is asked for is no more than the client was given
      Given the client may "digital-connect:read digital-connect:write"
      And Ann talks to an agent
      Then no token was refused

    @DC-AUTH-08
    Scenario: Each call shows the token as a bearer token
      Given Ann talks to an agent
      When Ann says "Hello"
      Then the agent reads "Hello" from Ann
      And each call has shown a token

    @DC-AUTH-17
    Scenario Outline: A token is <sort>, and the connector takes it as it is
      Given tokens look like <sort>
      And Ann talks to an agent
      When Ann says "Hello"
      Then the agent reads "Hello" from Ann
      And the connector has asked for at most 2 tokens

      Examples:
        | sort           |
        | JSON web tokens |
        | random text    |

    @DC-AUTH-04
    Scenario: A client with a key signs an assertion in place of a secret
      Given the connector is set up with a private key
      And Ann talks to an agent
      Then the connector has asked for a token with
        """json
        {"grant_type": "client_credentials", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": "<string>"}
        """
      When the tokens are revoked
      And Ann says "Still here"
      Then the agent reads "Still here" from Ann
      And each assertion has an identifier of its own

  Rule: A token lives as long as Talkdesk says

    @DC-AUTH-09
    Scenario: A token that has expired is not shown again
      Given tokens live 2 seconds
      And Ann talks to an agent
      When the token of the connector has expired
      And Ann says "Good morning"
      Then the agent reads "Good morning" from Ann
      And no call has shown a token that had expired

    @DC-AUTH-10
    Scenario: One token serves many calls
      Given tokens live 600 seconds
      And Ann talks to an agent
      When Ann says 20 lines in a row
      Then the agent reads the 20 lines from Ann in their order
      And the connector has asked for at most 2 tokens

    @DC-AUTH-11
    Scenario Outline: A life of <seconds> seconds causes no storm of requests
      Given tokens live <seconds> seconds
      And Ann talks to an agent
      When Ann says 10 lines in a row
      Then the agent reads the 10 lines from Ann in their order
      And the connector has asked for at most <tokens> tokens

      Examples:
        | seconds | tokens |
        | 60      | 2      |
        | 5       | 4      |

  Rule: A token that is refused is replaced once

    @DC-AUTH-12
    Scenario: A revoked token costs one new token, and no message
      Given Ann talks to an agent
      When the tokens are revoked
      And Ann says "Are you still there?"
      Then the agent reads "Are you still there?" from Ann once
      And the connector has asked for 1 token since then
      And the repeated message has the key of the first

    @DC-AUTH-12
    Scenario: A token that is refused again and again ends in words, not in a loop
      Given Ann talks to an agent
      When every message call is answered with 401
      And Ann says "Are you still there?"
      Then Ann is told that something went wrong
      And the connector makes at most 6 token calls in 2 seconds

    @DC-AUTH-13
    Scenario: Users who need a token at the same time share it
      Given 4 users talk to agents
      And every token call takes 300 ms
      When the tokens are revoked
      And each user says "Hello again" at once
      Then the agent reads "Hello again" from each user once
      And the connector has asked for at most 2 tokens since then

  Rule: Without a token there is no conversation, and the user is told

    @DC-AUTH-14
    Scenario: A client that is not known stops trying
      Given the connector is set up with a wrong secret
      And Ann talks to the bot
      When Ann asks for an agent
      Then Ann is told that no agent can be had
      And the connector makes at most 3 token calls in 10 seconds

    @DC-AUTH-14
    Scenario Outline: A token request that is refused with <status> is told, and not repeated for ever
      Given every token call is answered with <status>
      And Ann talks to the bot
      When Ann asks for an agent
      Then Ann is told that no agent can be had
      And the connector makes at most 3 token calls in 2 seconds

      Examples:
        | status |
        | 400    |
        | 401    |

    @DC-AUTH-15
    Scenario: An identity server that is down for a moment is asked again
      Given the next token call is answered with 503
      And Ann talks to the bot
      When Ann asks for an agent
      Then the connector starts a conversation for Ann

    @DC-AUTH-15
    Scenario: An identity server that stays down is not hammered
      Given every token call is answered with 503
      And Ann talks to the bot
      When Ann asks for an agent
      Then Ann is told that no agent can be had
      And the connector makes at most 8 token calls in 3 seconds

    @DC-AUTH-21
    Scenario: A client without the scope is refused, and does not try for ever
      Given the client may "digital-connect:read"
      And Ann talks to the bot
      When Ann asks for an agent
      Then the connector makes at most 4 start calls in 2 seconds
      And the connector makes at most 4 token calls in 2 seconds

  Rule: Secrets stay where they belong

    @DC-AUTH-16
    Scenario Outline: What Talkdesk says of a failure does not reach the user with a secret in it
      Given Ann talks to an agent
      When every message call is answered with <status> and repeats what it was sent
      And Ann says "Hello"
      Then Ann is told that something went wrong
      And no secret was said to anybody but Talkdesk

      Examples:
        | status |
        | 400    |
        | 403    |
        | 500    |

    @DC-AUTH-16
    Scenario Outline: What Talkdesk says of a start that it refuses with <status> does not reach the user with a secret in it
      Given Ann talks to the bot
      When every start call is answered with <status> and repeats what it was sent
      And Ann asks for an agent
      Then Ann is told that no agent can be had
      And no secret was said to anybody but Talkdesk

      Examples:
        | status |
        | 400    |
        | 500    |

    @DC-AUTH-16
    Scenario: A whole conversation says no secret to anybody but Talkdesk
      Given Ann talks to an agent
      When the agent says "Hello" to Ann
      Then Ann sees "Hello" from the agent
      When Ann ends the chat
      Then the connector ends the conversation with Ann
      And no secret was said to anybody but Talkdesk
