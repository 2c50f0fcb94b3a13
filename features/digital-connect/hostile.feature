Feature: Hostile text
  Whatever an agent, or somebody in an agent's place, writes stays text in the user's page.

  @DC-MSG-11 @page
  Scenario Outline: <what> runs nothing
    Given Ann talks to an agent
    When the agent says to Ann
      """
      <text>
      """
    And the agent says "And now this" to Ann
    Then Ann sees "And now this" from the agent
    And nothing of it has run in Ann's page

    Examples:
      | what                   | text                                                      |
      | an image with a handler | <img src=x onerror="deskcheckRan('img')">               |
      | a script               | <script>deskcheckRan('script')</script>                 |
      | a drawing              | <svg onload="deskcheckRan('svg')"></svg>                |
      | a link to a script     | <a href="javascript:deskcheckRan('link')">Click me</a>  |
      | a frame                | <iframe srcdoc="<script>parent.deskcheckRan('frame')</script>"></iframe> |
      | an end of an attribute | " onmouseover="deskcheckRan('attribute')" x="           |
      | a template             | {{constructor.constructor('deskcheckRan(1)')()}}        |

  @DC-MSG-11 @DC-MSG-10 @page
  Scenario: The name of an author runs nothing
    Given Ann talks to an agent
    When the agent called "<img src=x onerror=deskcheckRan('name')>" says "Hello" to Ann
    Then Ann sees "Hello"
    And nothing of it has run in Ann's page

  @DC-MSG-11 @DC-ATT-10 @page
  Scenario: The name of a file runs nothing
    Given the client may handle files
    And Ann talks to an agent
    When the agent sends Ann a file whose name is HTML
    Then Ann sees a file
    And nothing of it has run in Ann's page
