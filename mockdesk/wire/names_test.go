package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/wire"
)

// asking has an expression in each place where another set of fields is known.
const asking = `wire: 1
name: asking
conversation:
  values: {token: '${random(16)}', lines: '${0}', opened: 'KEPT'}
  found-by: [token]
shapes:
  line: {json: 'SHAPE'}
  news: {json: 'NEWS'}
answers:
  "*": {json: 'PROBLEM'}
routes:
  - on: POST /cases
    means: start
    body: json
  - on: POST /cases/{case}/lines
    means: message
    body: json
    when: WHEN
    conversation: path.case
    check: [{that: CHECK, say: no}]
    give: {text: GIVE}
    set: {lines: SET}
    answers:
      stored: {json: 'STORED'}
      stored-already: {shape: line}
      invalid: {json: 'INVALID'}
  - on: GET /cases/{case}/files/{file}
    means: medium
    give: {medium: path.file}
    answers:
      unknown-medium: {shape: line, with: {result: '${ {"any": 1} }'}}
  - on: SOCKET /sockets/{token}
    means: events
    conversation: {token: path.token}
    heartbeat: {every: 10s, json: 'BEAT'}
    socket:
      hello: [{json: 'HELLO'}]
      answers: {"*": {json: 'NACK'}}
      takes:
        - {name: typing, when: FRAME, means: typing, give: {typing: body.on}, answers: {noted: {json: 'NOTED'}}}
events:
  queue.updated: {json: 'QUEUE'}
  agent.joined: {json: 'JOINED'}
  message: {when: HEARD, json: 'LINE', set: {lines: COUNTED}, id: 'NUMBER'}
  agent.left: {shape: news}
  "*": {json: 'ANY'}
`

// plainly is what stands in asking where a test asks nothing.
var plainly = map[string]string{
	"KEPT": "x", "SHAPE": "x", "NEWS": "x", "PROBLEM": "x", "WHEN": "true", "CHECK": "true", "GIVE": "body.text", "SET": "1", "STORED": "x", "INVALID": "x", "BEAT": "x", "HELLO": "x", "NACK": "x",
	"FRAME": "true", "NOTED": "x", "QUEUE": "x", "JOINED": "x", "HEARD": "true", "LINE": "x", "COUNTED": "1", "NUMBER": "x", "ANY": "x",
}

// ask compiles asking with an expression at a place; at templates it stands between braces.
func ask(place, expression string) error {
	text := asking
	for one, plain := range plainly {
		if one == place {
			if plain = expression; plainly[place] == "x" {
				plain = "${" + expression + "}"
			}
			if !strings.Contains(text, "'"+one+"'") {
				plain = `"` + plain + `"`
			}
		}
		text = strings.ReplaceAll(text, one, plain)
	}
	_, err := wire.Parse("asking.wire.yaml", []byte(text))
	return err
}

func TestFieldsThatCannotBeThere(t *testing.T) {
	for _, c := range []struct{ place, expression, says string }{
		{"STORED", "values.tokn", `asking.wire.yaml:24:22: routes[1].answers.stored.json: the expression "values.tokn" is wrong at character 10 of the text: "tokn" is no kept value; did you mean token?`},
		{"SET", "values.lins + 1", `asking.wire.yaml:22:18: routes[1].set.lines: the expression "values.lins + 1" is wrong at character 8: "lins" is no kept value; did you mean lines?`},
		{"STORED", `values["tokn"]`, "did you mean token?"},
		{"STORED", "values?.tokn", "did you mean token?"},
		{"STORED", `values.tokn ?? ""`, "did you mean token?"},
		{"STORED", `len(values.tokn) > 1 ? 1 : 2`, "did you mean token?"},
		{"STORED", "values.whatever", `"whatever" is no kept value; there are lines, opened, token`},
		{"KEPT", "conversation.idd", `"idd" is no field of conversation; did you mean id?`},
		{"CHECK", "conversation.acknowleged > 1", "did you mean acknowledged?"},
		{"STORED", "conversation.user.nme", `"nme" is no field of a user; did you mean name?`},
		{"STORED", "conversation.uploads.maxbytes", "did you mean maxBytes?"},
		{"STORED", "conversation.agents.name", `"name" is no field of a list of agents; there is none`},
		{"STORED", "conversation.agents[0].nme", `"nme" is no field of an agent; did you mean name?`},
		{"STORED", "map(conversation.agents, .nme)", "did you mean name?"},
		{"STORED", "map(filter(conversation.agents ?? [], .name != nil), #.idd)", "did you mean id?"},
		{"STORED", "find(conversation.agents, .id == \"a\").nme", "did you mean name?"},
		{"STORED", "map(conversation.agents, join(map(body.l, .any)) + .nme)", "did you mean name?"},
		{"STORED", "result.curser", `"curser" is no field of the result of message; did you mean cursor?`},
		{"STORED", "result.sha256", `"sha256" is no field of the result of message; there are cursor, key`},
		{"SET", "result.curser", "did you mean cursor?"},
		{"INVALID", "result.key", `"key" is no field of the result of a problem; there is none`},
		{"PROBLEM", "result.key", "of a problem"},
		{"NACK", "result.key", "of a problem"},
		{"NOTED", "result.key", `"key" is no field of the result of typing; there is none`},
		{"STORED", "path.cse", `"cse" is no parameter of the path; did you mean case?`},
		{"WHEN", "path.file == nil", `"file" is no parameter of the path; there are case`},
		{"GIVE", "path.file", "parameter of the path"},
		{"NOTED", "path.case", `"case" is no parameter of the path; there are token`},
		{"HELLO", "path.tken", "did you mean token?"},
		{"BEAT", "values.tken", "did you mean token?"},
		{"BEAT", "socket.nummer", `"nummer" is no field of socket; did you mean number?`},
		{"PROBLEM", "path.cse", `"cse" is no parameter of a path; did you mean case?`},
		{"PROBLEM", "request.pth", `"pth" is no field of request; did you mean path?`},
		{"WHEN", "upload.nme == nil", `"nme" is no field of upload; did you mean name?`},
		{"FRAME", "values.tken == 'x'", `there is no value "values" here`},
		{"QUEUE", "event.positin", `asking.wire.yaml:42:25: events.queue.updated.json: the expression "event.positin" is wrong at character 9 of the text: "positin" is no field of queue.updated; did you mean position?`},
		{"JOINED", "event.agent.nme", `"nme" is no field of an agent; did you mean name?`},
		{"JOINED", "event.cursor", `"cursor" is no field of agent.joined; there are agent`},
		{"HEARD", "event.authr.role != 'user'", `"authr" is no field of message; did you mean author?`},
		{"LINE", "event.author.rle", `"rle" is no field of an author; did you mean role?`},
		{"COUNTED", "values.lins + 1", "did you mean lines?"},
		{"NUMBER", "event.idd", "did you mean id?"},
		{"SHAPE", "result.curser", `asking.wire.yaml:7:16: shapes.line.json: the expression "result.curser" is wrong at character 10 of the text: "curser" is no field of any result; did you mean cursor?`},
		{"NEWS", "event.positin", `"positin" is no field of any event; did you mean position?`},
		{"SHAPE", "path.cse", `"cse" is no parameter of a path; did you mean case?`},
	} {
		err := ask(c.place, c.expression)
		if assert.Error(t, err, "%s in the place of %s", c.expression, c.place) {
			assert.ErrorContains(t, err, c.says, "%s in the place of %s", c.expression, c.place)
		}
	}
}

func TestAMistakeInAShapeIsToldOnce(t *testing.T) {
	text := strings.NewReplacer("ANSWER", "1, shape: no", "EVENT", "1").Replace(small)
	text = strings.Replace(text, "routes:", "shapes: {both: {json: '${values.tokn}'}}\nroutes:", 1)
	text = strings.Replace(text, "stored: {json: 1, shape: no}", "{stored: {shape: both}, stored-already: {shape: both}}", 1)
	_, err := wire.Parse("small.wire.yaml", []byte(text))
	require.Error(t, err)
	assert.Equal(t, 1, strings.Count(err.Error(), "tokn\" is no kept value"), "%v", err)
}

func TestFieldsThatMayBeThere(t *testing.T) {
	for _, c := range []struct{ place, expression string }{
		{"STORED", `[values.token, values.opened.anything, values[body.name], conversation.user.name, conversation.uploads.maxFiles, conversation.agents[-1].avatarUrl]`},
		{"STORED", "map(conversation.agents, .name + string(#index))"},
		{"STORED", "map(conversation.agents, map(body.l, .any))"},
		{"STORED", "map(body.l, map(conversation.agents, .name))"},
		{"STORED", "[body.any.thing, query.any, cookie.any, header.any, upload.sha256, request.query]"},
		{"STORED", "(conversation ?? body).anything"},
		{"STORED", "(conversation.user ?? {}).name"},
		{"INVALID", "result == nil ? path.case : values.token"},
		{"PROBLEM", "path.file ?? path.case ?? path.token"},
		{"QUEUE", "[event.position, event.waitSeconds, event.notice, event.queue]"},
		{"LINE", `map(filter(event.items ?? [], .kind == "picture"), .url ?? .data.anything)`},
		{"ANY", "[event.anything, event.data.more]"},
		{"SHAPE", "[result.sha256 ?? result.waiting, path.file, path.token]"},
		{"NEWS", "event.position ?? event.agent.name"},
	} {
		require.NoError(t, ask(c.place, c.expression), "%s in the place of %s", c.expression, c.place)
	}
}

// TestAWordOfOneLetterLess is how the mistake was made: a sample with a letter left out.
func TestAWordOfOneLetterLess(t *testing.T) {
	for name, fields := range map[string]map[string]string{
		"polling": {"values.token": "values.tokn", "result.status": "result.sttus", "path.request": "path.reqest", "event.author.role": "event.author.rle", "conversation.id": "conversation.idd"},
		"socket":  {"values.ticket": "values.tickt", "conversation.acknowledged": "conversation.acknowleged", "result.key": "result.ky"},
	} {
		text, err := fixtures.ReadFile("integrations/samples/wires/" + name + "/" + name + ".wire.yaml")
		require.NoError(t, err)
		for right, wrong := range fields {
			require.Contains(t, string(text), right, name)
			_, err := wire.Parse("bad.wire.yaml", []byte(strings.Replace(string(text), right, wrong, 1)))
			if assert.Error(t, err, wrong) {
				assert.Contains(t, err.Error(), "did you mean "+right[strings.LastIndex(right, ".")+1:]+"?")
			}
		}
	}
}
