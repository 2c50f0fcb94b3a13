Feature: Signing in
  An agent signs in with a name and a password. The desk asks the Agent Manager for the user that belongs to them, and hands that user over when it connects.

  Rule: The user comes first, the socket after

    @AM-LOGIN-01
    Scenario: The desk asks for a user before it connects
      Given the desk of amy is open
      When amy signs in
      Then amy's desk is let in
      And amy's desk has asked for a user before its first handshake

    @AM-LOGIN-02
    Scenario: A login is JSON that holds a name and a password
      Given the desk of amy is open
      When amy signs in
      Then amy's desk asks for a user with
        """json
        {"username": "amy", "password": "<string>"}
        """

    @AM-LOGIN-04
    Scenario: The handshake hands back the whole user
      Given the desk of amy is open
      When amy signs in
      Then amy's desk hands over the user that its login gave

    @AM-LOGIN-04
    Scenario: A supervisor is handed back with the teams' roles
      Given the desk of sue is open
      When sue signs in
      Then sue's desk hands over the user that its login gave

    @AM-LOGIN-06
    Scenario: A reload leads back to work, by the user that was kept or by another login
      Given amy is signed in
      When amy reloads the desk and is let in again
      Then amy's desk hands over the user that its login gave

  Rule: A password is for the login alone

    @AM-LOGIN-05
    Scenario: What a desk says over a whole conversation has no password in it
      Given amy talks to "Carla"
      And amy says "Good morning" to "Carla"
      When the connection of amy's desk breaks
      Then amy's desk is let in again
      When amy leaves "Carla"
      Then amy's desk has said the password in its logins and nowhere else

    @AM-LOGIN-05
    Scenario: A desk that is opened again does not say the password it was given before
      Given amy is signed in
      When amy reloads the desk and is let in again
      Then amy's desk has said the password in its logins and nowhere else

  Rule: A login that is refused ends there

    @AM-LOGIN-03
    Scenario Outline: A login that is refused with <status> opens no socket, and is told of
      Given the desk of amy is open
      And logins fail with <status>
      And amy looks at the desk
      When amy signs in
      Then amy's desk opens no socket for 5 seconds
      And amy sees something new

      Examples:
        | status |
        | 400    |
        | 401    |
        | 408    |
        | 412    |
        | 500    |

    @AM-LOGIN-03
    Scenario: A password that is nobody's is refused, and the right one is taken after it
      Given the desk of amy is open
      And amy looks at the desk
      When amy signs in with the password "somebody-elses"
      Then amy's desk opens no socket for 5 seconds
      And amy sees something new
      When amy signs in
      Then amy's desk is let in

    @AM-LOGIN-09
    Scenario: An agent can tell the refusals apart
      Given the desk of amy is open
      When amy tries to sign in while logins fail with 400, 401, 408, 412 and 500 in turn
      Then amy sees something else each time
      And no error is uncaught on amy's desk
