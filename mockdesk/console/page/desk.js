// What is read from the desk and what is done at it: the state is filled here and nowhere else.

import { Problem, ask } from './api.js';
import { changed, remember, state } from './state.js';
import { at, coalesced, doing, forTenant, lookAtTenant, regularly } from './asking.js';

// most is how many conversations of each state are listed.
const most = 200;

const ofConversation = (path = '') => at(`/conversations/${encodeURIComponent(state.selected)}${path}`);

export const lookAtAgents = coalesced(() => forTenant(() => ask('GET', at('/agents')), ({ agents }) => {
  state.agents = agents;
  if (!agents.some((agent) => agent.id === state.me)) choose({ me: agents[0]?.id ?? '' });
  changed('agents');
}));

export const lookAtFaults = coalesced(() => forTenant(() => ask('GET', at('/faults')), (faults) => {
  state.faults = faults;
  changed('faults');
}));

const list = (of, order) => ask('GET', at(`/conversations?state=${of}&order=${order}&limit=${most}`));

export const lookAtConversations = coalesced(() => forTenant(
  () => Promise.all([list('waiting', 'oldest'), list('active', 'oldest'), list('ended', 'newest')]),
  ([waiting, active, ended]) => {
    [state.waiting, state.active, state.ended] = [waiting, active, ended].map((page) => page.conversations);
    changed('conversations');
  },
));

export const lookAtConversation = coalesced(async () => {
  const { selected, lines } = state;
  if (!selected) return;
  try {
    const conversation = await ask('GET', ofConversation());
    const fresh = await linesAfter(lines.at(-1)?.cursor ?? 0);
    // Whoever selects begins a new list of lines, also of the same conversation.
    if (state.lines !== lines) return;
    state.conversation = conversation;
    lines.push(...fresh);
    changed('conversation');
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    if (state.lines === lines) select('');
  }
});

async function linesAfter(cursor) {
  const all = [];
  for (let after = cursor; after !== undefined;) {
    const page = await ask('GET', ofConversation(`/lines?after=${after}&limit=1000`));
    all.push(...page.lines);
    after = page.next;
  }
  return all;
}

// lookAround reads all that is shown besides the journal.
export function lookAround() {
  return Promise.all([lookAtTenant(), lookAtAgents(), lookAtFaults(), lookAtConversations(), lookAtConversation()]);
}

// heard is called with each entry of the journal, and looks at what it may have changed.
export function heard(entry) {
  lookAtConversations();
  lookAtTenant();
  if (entry.conversation === state.selected) lookAtConversation();
  if (entry.kind === 'request' || entry.kind === 'response') lookAtFaults();
}

regularly(lookAtTenant, lookAtAgents, lookAtFaults);

// choose changes who sits here, or which tenant is looked at.
export function choose(chosen) {
  Object.assign(state, chosen);
  remember();
  changed('me');
}

// select looks at another conversation.
export function select(id) {
  if (id === state.selected) return;
  Object.assign(state, { selected: id, conversation: null, lines: [] });
  remember();
  changed('selected', 'conversations', 'conversation');
  lookAtConversation();
}

// forget drops all that was read from a desk that is no more.
export function forget() {
  Object.assign(state, { info: null, agents: [], waiting: [], active: [], ended: [], conversation: null, lines: [], selected: '', faults: { faults: [], held: {} } });
  remember();
  changed('tenant', 'agents', 'conversations', 'selected', 'conversation', 'faults');
}

// act has something played in the conversation that is looked at, as openapi.yaml names it.
export function act(name, body = {}, done = '') {
  return doing(() => ask('POST', ofConversation(`/${name}`), body), done, lookAtConversation, lookAtConversations);
}

// actAs is act in the name of the agent who sits here.
export function actAs(name, body = {}, done = '') {
  return act(name, { agent: state.me, ...body }, done);
}

export function sendFile(file) {
  const query = new URLSearchParams({ name: file.name, agent: state.me });
  return doing(() => ask('POST', ofConversation(`/send-file?${query}`), file), `Sent the file ${file.name}`, lookAtConversation);
}

export function changeUploads(allowed) {
  return doing(() => ask('PUT', ofConversation('/uploads'), { allowed }), allowed ? 'The user may send files' : 'The user may send no files', lookAtConversation);
}

export function setOnline(agent, online) {
  return doing(() => ask('POST', at(`/agents/${agent}/${online ? 'online' : 'offline'}`)), online ? 'Online' : 'Offline', lookAtAgents, lookAtTenant);
}

export function putAgent(id, name) {
  return doing(() => ask('PUT', at(`/agents/${id}`), { name, online: true }), `${name} is there`, lookAtAgents);
}

export function addFault(fault) {
  return doing(() => ask('POST', at('/faults'), fault), '', lookAtFaults);
}

export function removeFault(id) {
  return doing(() => ask('DELETE', at(`/faults/${id}`)), '', lookAtFaults);
}

export function release(operation) {
  return doing(() => ask('POST', at('/faults/release'), { operation }), 'Let go', lookAtFaults, lookAtConversations);
}

export function heal() {
  return doing(() => ask('DELETE', at('/faults')), 'Healed: no fault is set any more', lookAtFaults, lookAtConversations);
}

export function setAvailability(mode) {
  return doing(() => ask('PUT', at('/availability'), { mode }), `The desk says: ${mode}`, lookAtTenant);
}

export function advance(by) {
  return doing(() => ask('POST', at('/clock/advance'), { by }), `${by} have passed`, lookAtTenant, lookAtConversations, lookAtConversation);
}
