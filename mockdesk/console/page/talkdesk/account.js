// What is read from Talkdesk and what is done at it: the state is filled here and nowhere else.

import { Problem, ask } from '../api.js';
import { at, coalesced, doing, forTenant, lookAtTenant, regularly } from '../asking.js';
import { changed, remember, state } from '../state.js';

// most is how many conversations of either sort are listed.
const most = 200;

Object.assign(state, { open: [], ended: [], account: null });

const ofConversation = (path = '') => at(`/conversations/${encodeURIComponent(state.selected)}${path}`);

export const lookAtAccount = coalesced(() => forTenant(() => ask('GET', at('/account')), (account) => {
  state.account = account;
  changed('account');
}));

export const lookAtFaults = coalesced(() => forTenant(() => ask('GET', at('/faults')), (faults) => {
  state.faults = faults;
  changed('faults');
}));

const conversations = (which, order) => ask('GET', at(`/conversations?state=${which}&order=${order}&limit=${most}`));

export const lookAtConversations = coalesced(() => forTenant(() => Promise.all([conversations('open', 'oldest'), conversations('ended', 'newest')]), (pages) => {
  [state.open, state.ended] = pages.map((page) => page.conversations);
  changed('conversations');
}));

export const lookAtConversation = coalesced(async () => {
  const { selected } = state;
  if (!selected) return;
  try {
    const conversation = await ask('GET', ofConversation());
    if (state.selected !== selected) return;
    state.conversation = conversation;
    changed('conversation');
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    if (state.selected === selected) select('');
  }
});

// lookAround reads all that is shown besides the journal.
export function lookAround() {
  return Promise.all([lookAtTenant(), lookAtAccount(), lookAtFaults(), lookAtConversations(), lookAtConversation()]);
}

// heard is called with each entry of the journal, and looks at what it may have changed.
export function heard(entry) {
  lookAtConversations();
  lookAtTenant();
  if (entry.conversation === state.selected) lookAtConversation();
  if (entry.kind !== 'act') return;
  lookAtFaults();
  lookAtAccount();
}

regularly(lookAtTenant, lookAtAccount, lookAtFaults, lookAtConversations);

// select looks at another conversation.
export function select(id) {
  if (id === state.selected) return;
  Object.assign(state, { selected: id, conversation: null });
  remember();
  changed('selected', 'conversations', 'conversation');
  lookAtConversation();
}

// forget drops all that was read from a Talkdesk that is no more.
export function forget() {
  Object.assign(state, { info: null, account: null, open: [], ended: [], conversation: null, selected: '', faults: { faults: [], held: {} } });
  remember();
  changed('tenant', 'account', 'conversations', 'selected', 'conversation', 'faults');
}

// act has the agent do something in the conversation that is looked at, as openapi.yaml names it.
export function act(name, body = {}, done = '') {
  return doing(() => ask('POST', ofConversation(`/${name}`), body), done, lookAtConversation, lookAtConversations);
}

export function sendFile(file) {
  return doing(() => ask('POST', ofConversation(`/send-file?${new URLSearchParams({ name: file.name })}`), file), `Sent the file ${file.name}`, lookAtConversation);
}

// start has an agent start a conversation, and looks at it.
export async function start(conversation) {
  const made = await doing(() => ask('POST', at('/conversations'), conversation), 'The conversation is started', lookAtConversations);
  if (made) select(made.id);
  return made;
}

export function emit(call) {
  return doing(() => ask('POST', at('/emit'), call), 'The webhook is called');
}

export function setStatus(touchpoint, active) {
  return doing(() => ask('PUT', at(`/touchpoints/${encodeURIComponent(touchpoint)}`), { active }), active ? 'The touchpoint is active' : 'The touchpoint is inactive', lookAtAccount);
}

export function revoke() {
  return doing(() => ask('POST', at('/revoke-tokens')), 'No token is good any more');
}

export function failFiles(reason) {
  return doing(() => ask('POST', at('/fail-files'), { reason }), 'The files of the next message are not taken');
}

export function addFault(fault) {
  return doing(() => ask('POST', at('/faults'), fault), '', lookAtFaults);
}

export function removeFault(id) {
  return doing(() => ask('DELETE', at(`/faults/${encodeURIComponent(id)}`)), '', lookAtFaults);
}

export function release(operation) {
  return doing(() => ask('POST', at('/faults/release'), { operation }), 'What was held goes on', lookAtFaults);
}

export function heal() {
  return doing(() => ask('DELETE', at('/faults')), 'Healed: no faults any more', lookAtFaults);
}

export function advance(by) {
  return doing(() => ask('POST', at('/clock/advance'), { by }), `${by} have passed`, lookAtTenant);
}
