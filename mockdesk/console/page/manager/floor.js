// What is read from an agent manager and what is done at it: the state is filled here and nowhere else.

import { Problem, ask } from '../api.js';
import { at, coalesced, doing, forTenant, lookAtTenant, regularly } from '../asking.js';
import { changed, remember, state } from '../state.js';

// most is how many conversations of either sort are listed.
const most = 200;

Object.assign(state, { open: [], closed: [], events: [], queues: [], lists: [], channels: [], samples: [], announcements: [] });

const ofConversation = (path = '') => at(`/conversations/${encodeURIComponent(state.selected)}${path}`);
const list = (name) => coalesced(() => forTenant(() => ask('GET', at(`/${name}`)), (answer) => {
  state[name] = answer[name];
  changed(name);
}));

export const lookAtAgents = list('agents');
export const lookAtAnnouncements = list('announcements');

export const lookAtFaults = coalesced(() => forTenant(() => ask('GET', at('/faults')), (faults) => {
  state.faults = faults;
  changed('faults');
}));

const conversations = (stage, order) => ask('GET', at(`/conversations?stage=${stage}&order=${order}&limit=${most}`));

export const lookAtConversations = coalesced(() => forTenant(() => Promise.all([conversations('open', 'oldest'), conversations('closed', 'newest')]), (pages) => {
  [state.open, state.closed] = pages.map((page) => page.conversations);
  changed('conversations');
}));

export const lookAtConversation = coalesced(async () => {
  const { selected, events } = state;
  if (!selected) return;
  try {
    const conversation = await ask('GET', ofConversation());
    const fresh = await eventsAfter(events.length);
    // Whoever selects begins a new list of events, also of the same conversation.
    if (state.events !== events) return;
    state.conversation = conversation;
    events.push(...fresh);
    changed('conversation');
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    if (state.events === events) select('');
  }
});

async function eventsAfter(number) {
  const all = [];
  for (let after = number; after !== undefined;) {
    const page = await ask('GET', ofConversation(`/events?after=${after}&limit=1000`));
    all.push(...page.events);
    after = page.next;
  }
  return all;
}

// lookAround reads all that is shown besides the journal.
export function lookAround() {
  return Promise.all([lookAtTenant(), lookAtAgents(), lookAtFaults(), lookAtAnnouncements(), lookAtConversations(), lookAtConversation()]);
}

// heard is called with each entry of the journal, and looks at what it may have changed.
export function heard(entry) {
  lookAtAgents();
  lookAtConversations();
  lookAtTenant();
  if (entry.conversation === state.selected) lookAtConversation();
  if (entry.kind === 'act') {
    lookAtFaults();
    lookAtAnnouncements();
  }
}

regularly(lookAtTenant, lookAtAgents, lookAtFaults, lookAtConversations);

// select looks at another conversation.
export function select(id) {
  if (id === state.selected) return;
  Object.assign(state, { selected: id, conversation: null, events: [] });
  remember();
  changed('selected', 'conversations', 'conversation');
  lookAtConversation();
}

// forget drops all that was read from a manager that is no more.
export function forget() {
  Object.assign(state, { info: null, agents: [], open: [], closed: [], conversation: null, events: [], selected: '', announcements: [], faults: { states: false, withheld: [] } });
  remember();
  changed('tenant', 'agents', 'conversations', 'selected', 'conversation', 'faults', 'announcements');
}

const customerOf = (path) => at(`/customers/${encodeURIComponent(state.conversation.customer.id)}${path}`);

// act has the customer of the conversation that is looked at do something, as openapi.yaml names it.
export function act(name, body = {}, done = '') {
  return doing(() => ask('POST', customerOf(`/${name}`), body), done, lookAtConversation, lookAtConversations);
}

// change has the system do something in the conversation that is looked at.
export function change(method, name, body, done) {
  return doing(() => ask(method, ofConversation(`/${name}`), body), done, lookAtConversation, lookAtConversations);
}

// come has a customer come, and looks at the conversation.
export async function come(customer) {
  const made = await doing(() => ask('POST', at('/customers'), customer), `${customer.firstName} has come`, lookAtConversations);
  if (made) select(made.conversation);
  return made;
}

// move does something to an agent from outside.
export function move(agent, name, body, done) {
  return doing(() => ask('POST', at(`/agents/${encodeURIComponent(agent)}/${name}`), body), done, lookAtAgents);
}

// bend sets (PUT) or ends (DELETE) something that is out of order.
export function bend(method, path, body) {
  return doing(() => ask(method, at(`/faults${path}`), body), '', lookAtFaults);
}

export function heal() {
  return doing(() => ask('DELETE', at('/faults')), 'Healed: nothing is out of order any more', lookAtFaults);
}

export function announce(body) {
  return doing(() => ask('POST', at('/announcements'), body), 'Announced', lookAtAnnouncements);
}

export function withdraw(id) {
  return doing(() => ask('DELETE', at(`/announcements/${encodeURIComponent(id)}`)), 'Taken back', lookAtAnnouncements);
}

export function advance(by) {
  return doing(() => ask('POST', at('/clock/advance'), { by }), `${by} have passed`, lookAtTenant, lookAtAgents, lookAtConversations, lookAtConversation);
}

// choicesOf are the queues, lists, channels or samples that there are now.
export async function choicesOf(name) {
  return (await ask('GET', at(`/${name}`)))[name];
}
