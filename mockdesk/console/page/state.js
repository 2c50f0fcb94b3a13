// What the console knows, and who wants to hear when it changes.

export const state = {
  server: null, // as GET /v1/server gave it
  tenants: [], // names
  tenant: '', // the name of the one that is looked at
  info: null, // that tenant
  offset: 0, // by how much the tenant's clock is ahead of ours, in milliseconds
  agents: [],
  me: '', // the id of the agent that whoever sits here plays
  waiting: [],
  active: [],
  ended: [],
  selected: '', // the id of the conversation that is looked at
  conversation: null, // that conversation
  lines: [], // what was said in it
  faults: { faults: [], held: {} },
  link: { is: 'connecting' }, // connecting, live or lost; lost has until (milliseconds) and why
};

const listeners = new Map();
const due = new Set();

// on has listener called after each change of one of the topics.
export function on(topics, listener) {
  for (const topic of topics.split(' ')) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(listener);
  }
}

// changed tells that topics have changed. Who listens is called once, when the present turn is over.
export function changed(...topics) {
  if (due.size === 0) queueMicrotask(tell);
  for (const topic of topics) due.add(topic);
}

function tell() {
  const called = new Set();
  for (const topic of due) for (const listener of listeners.get(topic) ?? []) called.add(listener);
  due.clear();
  for (const listener of called) listener();
}

// now is the time of the tenant, in milliseconds.
export function now() {
  const { clock } = state.info ?? {};
  return clock?.mode === 'manual' ? Date.parse(clock.now) : Date.now() + state.offset;
}

// agentName is how an agent is called.
export function agentName(id) {
  return state.agents.find((agent) => agent.id === id)?.name ?? id;
}

// isIn says whether an agent is in the conversation that is looked at.
export function isIn(id) {
  return Boolean(state.conversation?.agents.some((agent) => agent.id === id));
}

// What is chosen stands in the address, so that each tab has its own and a reload keeps it.
export function remember() {
  const chosen = new URLSearchParams();
  for (const name of ['tenant', 'me', 'selected']) if (state[name]) chosen.set(name, state[name]);
  history.replaceState(null, '', `#${chosen}`);
}

export function recall() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  for (const name of ['tenant', 'me', 'selected']) state[name] = chosen.get(name) ?? '';
}
