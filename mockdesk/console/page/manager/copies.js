// An entry of the journal as something to be used elsewhere.

import { at } from '../asking.js';
import { state } from '../state.js';

// copies are the forms that every entry has.
export const copies = { wait, curl };

const quote = (text) => `'${String(text).replaceAll("'", String.raw`'\''`)}'`;

// wait is the command that waits for the next such entry.
function wait(entry) {
  const conditions = ['kind', 'from', 'name'].map((field) => `${field} == ${JSON.stringify(entry[field])}`);
  return `deskcheck desk wait --after ${entry.seq} ${quote(conditions.join(' && '))}`;
}

// curl is the command that has the same happen again, where a command can: a login is posted, time passes; an event that the manager sent is sent again to its agent.
function curl(entry) {
  if (entry.kind === 'request') return `curl -i -X ${entry.data.method} ${quote(new URL(state.info.wire.url).origin + entry.data.path)} -H 'Content-Type: application/json' --data-raw ${quote(entry.data.body)}`;
  const agent = state.agents.find(({ id }) => id === entry.data?.agent);
  if (entry.kind === 'frame' && entry.from === 'agent-manager' && agent) return control(`/agents/${agent.username}/emit`, { event: entry.name, payload: entry.data.payload });
  return control('/journal/wait', { match: `seq == ${entry.seq}` });
}

function control(path, body) {
  return [`curl -i -X POST ${quote(location.origin + at(path))}`, '-H "Authorization: Bearer $DESKCHECK_DESK_TOKEN"', "-H 'Content-Type: application/json'", `--data-raw ${quote(JSON.stringify(body))}`].join(' \\\n  ');
}
