Feature: The connection
  A session of a desk is one Socket.IO connection, which says at its beginning who the agent is. Networks break, and managers end sessions: the first is no reason to stop, the second is.

  Rule: The desk finds the manager, and speaks its protocol

    @AM-CONN-01
    Scenario: The desk speaks Engine.IO 4
      Given the desk of amy is open
      When amy signs in
      Then amy's desk speaks Engine.IO 4

    @AM-CONN-01
    Scenario: A ping is answered
      Given the manager pings every 100 milliseconds
      And amy is signed in
      Then amy's desk answers a ping
      And amy's desk answers a ping
      And amy's desk has 1 open socket

    @AM-CONN-02
    Scenario Outline: The socket of a manager at "<base>" is at "<path>"
      Given the manager is found below "<base>"
      And the desk of amy is open
      When amy signs in
      Then amy's desk looks for the socket at "<path>"
      And amy's desk is let in

      Examples:
        | base             | path                       |
        | /                | /socket.io/                |
        | /agent-manager   | /agent-manager/socket.io/  |
        | /de/contact/desk | /de/contact/desk/socket.io |

    @AM-CONN-17
    Scenario: The address of the socket may name the agent
      Given the desk of amy is open
      When amy signs in
      Then amy's desk names nobody else in the address of its socket

  Rule: The handshake says who the agent is

    @AM-CONN-03
    Scenario: Who has signed in stands in the handshake
      Given the desk of amy is open
      When amy signs in
      Then amy's desk says in its handshake who has signed in

    @AM-CONN-04
    Scenario: The agent of the handshake is the user who has signed in
      Given the desk of amy is open
      When amy signs in
      Then amy's desk hands over amy, as an object or as its text

    @AM-CONN-05
    Scenario: The handshake says where pushes go, or that there are none
      Given the desk of amy is open
      When amy signs in
      Then amy's desk says in its handshake where pushes go

  Rule: A handshake that is refused is told of

    @AM-CONN-06
    Scenario: After login-failed the agent is back at the login
      Given the desk of amy is open
      And handshakes are refused because the login has failed
      When amy signs in
      Then amy sees why the handshake was refused
      And amy's desk makes no other handshake for 10 seconds
      When handshakes are taken again
      And amy signs in
      Then amy's desk is let in again

    @AM-CONN-06
    Scenario: After login-failed the user is forgotten
      Given the desk of amy is open
      And handshakes are refused because the login has failed
      When amy signs in
      Then amy sees why the handshake was refused
      When amy reloads the desk
      Then amy's desk makes no handshake for 5 seconds

    @AM-CONN-06
    Scenario: The agent hears of a licence that is missing
      Given the desk of amy is open
      And handshakes are refused because there is no licence
      When amy signs in
      Then amy sees why the handshake was refused

  Rule: A connection that is lost comes back

    @AM-CONN-07
    Scenario: The desk connects again by itself, as the same agent
      Given amy is signed in
      When the connection of amy's desk breaks
      Then amy's desk is let in again
      And amy's desk has said the same in each of its 2 handshakes

    @AM-CONN-08
    Scenario: After three reconnections an offer is taken once
      Given amy is ready
      And the connection of amy's desk breaks and comes back 3 times
      When "Carla" asks for help
      Then amy sees 1 offer
      When amy accepts "Carla"
      Then amy's desk has sent "topicSubscription" 1 time
      And amy's desk has acknowledged "onTopicData" 1 time
      And amy sees "Hello, I need help." 1 time in the conversation of "Carla"

    @AM-CONN-08
    Scenario: After three reconnections what the manager says is heard once
      Given amy is signed in
      And the manager tells amy of an error
      And the connection of amy's desk breaks and comes back 3 times
      When the manager tells amy of an error
      Then amy sees the error as often as the one before

    @AM-CONN-16
    Scenario: A session has one socket, also while a conversation goes on
      Given amy talks to "Carla"
      When amy says "Good morning" to "Carla"
      Then amy's desk has made 1 handshake
      And amy's desk has 1 open socket

    @AM-CONN-16
    Scenario: A connection that is lost is replaced by one
      Given amy is signed in
      When the connection of amy's desk breaks
      Then amy's desk is let in again
      And amy's desk has 1 open socket

  Rule: A session that the manager ends stays ended

    @AM-CONN-09
    Scenario: A desk whose socket the manager ends does not come back unasked
      Given amy is signed in
      And amy looks at the desk
      When the manager ends the socket of amy
      Then amy's desk makes no handshake for 10 seconds
      And amy sees something new

    @AM-CONN-09
    Scenario: After the manager has ended the session the agent signs in again
      Given amy is signed in
      When the manager ends the socket of amy
      And amy reloads the desk
      Then amy's desk makes no handshake for 5 seconds
      When amy signs in
      Then amy's desk is let in again

    @AM-CONN-10
    Scenario: The older of two devices falls silent
      Given amy is ready
      And amy looks at the desk
      When amy signs in on another device
      Then amy's desk sends nothing for 10 seconds
      And amy sees something new

    @AM-CONN-10
    Scenario: The older of two devices takes no part in what goes on
      Given amy talks to "Carla"
      When amy signs in on another device
      And "Carla" says "Are you still there?"
      Then amy's desk sends nothing for 5 seconds

    @AM-CONN-10
    Scenario: The older of two devices forgets who worked there
      Given amy is signed in
      And amy signs in on another device
      When amy reloads the desk
      Then amy's desk makes no handshake for 5 seconds

  Rule: The desk hears what it is told

    @AM-CONN-13
    Scenario: The state that comes with the first handshake is visible
      Given the desk of amy is open
      When amy signs in
      Then amy sees the state NOT_READY
      And amy sees the domain CHAT as NOT_READY

    @AM-CONN-13
    Scenario: A desk that is opened again shows the state that the manager has kept
      Given amy is ready
      When amy reloads the desk and is let in again
      Then amy sees the state READY
      And amy sees the domain CHAT as READY

    @AM-CONN-14
    Scenario: An error is told of, and work goes on
      Given amy is ready
      When the manager tells amy of an error
      Then amy sees the error
      When "Carla" asks for help
      Then amy sees an offer from "Carla"
      When amy accepts "Carla"
      Then amy's desk sends "topicSubscription"

    @AM-CONN-14
    Scenario Outline: An error that is <unlike> does no harm
      Given amy is ready
      When the manager sends amy "errors" with
        """json
        <payload>
        """
      Then no error is uncaught on amy's desk
      When "Carla" asks for help
      Then amy sees an offer from "Carla"
      When amy accepts "Carla"
      Then amy's desk sends "topicSubscription"

      Examples:
        | unlike         | payload                                               |
        | nothing        | null                                                  |
        | a text         | "out of order"                                        |
        | without words  | {"task": "agentState"}                                |
        | an object deep | {"task": "agentState", "msg": {"error": {"code": 7}}} |

    @AM-CONN-15
    Scenario: An event that nobody knows is passed over
      Given amy is ready
      When the manager sends amy "agentWeather" with
        """json
        {"forecast": {"tomorrow": "rain"}}
        """
      Then no error is uncaught on amy's desk
      When "Carla" asks for help
      Then amy sees an offer from "Carla"
      When amy accepts "Carla"
      Then amy's desk sends "topicSubscription"

    @AM-CONN-15
    Scenario: Fields that nobody knows are passed over
      Given events carry fields that the contract does not have
      And amy is ready
      When "Carla" asks for help
      Then amy sees an offer from "Carla"
      When amy accepts "Carla"
      Then amy's desk sends "topicSubscription"
      When "Carla" says "Where is my parcel?"
      Then amy sees "Where is my parcel?" in the conversation of "Carla"
      And no error is uncaught on amy's desk
