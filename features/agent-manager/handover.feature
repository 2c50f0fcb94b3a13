Feature: A conversation from the first offer to the last word

  Two agents and a supervisor look after one customer, each at a desk of their own. What each section of the contract asks for by itself is asked for here in a row.

  @AM-REROUTE-10
  Scenario: Offered, offered again, accepted, consulted about, handed over, monitored, barged in on and left
    Given amy is ready
    And ben is ready
    When "Carla" asks for help in the queue "Support"
    Then amy sees an offer from "Carla"
    When the offer runs out
    Then amy sees no offer from "Carla"
    And ben sees an offer from "Carla"
    When ben accepts "Carla"
    And "Carla" says "Where is my parcel?"
    Then ben sees "Where is my parcel?" in the conversation of "Carla"
    And ben can say "Let me ask a colleague." to "Carla"
    When ben consults the queue "Support" about "Carla"
    Then amy sees an offer from "Carla"
    When amy accepts "Carla"
    And amy whispers "It is at the depot." about "Carla"
    Then ben sees "It is at the depot." as a whisper in the conversation of "Carla"
    When ben hands "Carla" over to the consulted amy
    Then ben's desk sends "consultTransferRequest"
    And amy can say "I take over from Ben." to "Carla"
    And ben does not see the conversation of "Carla"
    Given sue is signed in
    When sue monitors "Carla"
    Then sue sees "Where is my parcel?" in the conversation of "Carla"
    And amy does not see sue among those in the conversation of "Carla"
    When sue barges in on "Carla"
    Then amy sees sue among those in the conversation of "Carla"
    And sue can say "We send another today." to "Carla"
    When sue leaves "Carla"
    And amy leaves "Carla"
    Then sue does not see the conversation of "Carla"
    And amy does not see the conversation of "Carla"
    And "Carla" has received "We send another today." 1 time
    And "Carla" has not received "It is at the depot."
