// The left pane: who can sign in and how they are, and the conversations.

import { $, arrange, element, setText } from '../dom.js';
import { on, state } from '../state.js';
import { askFor } from '../form.js';
import { count } from '../words.js';
import { move, select } from './floor.js';
import { show } from '../panes.js';

const groups = ['open', 'closed'];

export function begin() {
  on('agents', drawPeople);
  on('conversations tenant selected conversation', drawConversations);
  $('conversations').addEventListener('keydown', step);
}

// deeds are what can be done to somebody who is signed in.
const deeds = [
  { text: 'Log out', done: 'is logged out by a supervisor', name: 'force-out' },
  { text: 'Disconnect', done: 'is disconnected', name: 'disconnect' },
  { text: 'Cut', done: 'is cut off', name: 'cut' },
];

function drawPeople() {
  setText($('count-people'), String(state.agents.length));
  arrange($('list-people'), state.agents, { key: (agent) => agent.username, make: makePerson, update: updatePerson });
}

function makePerson({ username, name }) {
  const buttons = deeds.map((deed) => element('button', { type: 'button', 'aria-label': `${deed.text}: ${name}`, click: () => move(username, deed.name, {}, `${name} ${deed.done}`) }, deed.text));
  return element('li', {}, element('details', { class: 'person', 'data-username': username },
    element('summary', {}, element('span', { class: 'who' }), element('span', { class: 'badge' }), element('span', { class: 'about' })),
    element('div', { class: 'deeds', role: 'toolbar', 'aria-label': `What happens to ${name}` }, ...buttons,
      element('button', { type: 'button', 'aria-label': `Domain of ${name}`, click: () => setDomain(username) }, 'Domain…'),
      element('button', { type: 'button', 'aria-label': `Send any event to ${name}`, click: () => emit(username) }, 'Any event…'))));
}

function updatePerson(item, agent) {
  const person = item.firstChild;
  const [who, badge, about] = person.firstChild.children;
  person.classList.toggle('away', agent.state === 'AWAY');
  setText(who, agent.name.trim() || agent.username);
  badge.dataset.state = agent.state;
  setText(badge, agent.state);
  setText(about, aboutAgent(agent));
  about.title = about.textContent;
  for (const button of person.querySelectorAll('.deeds button')) button.disabled = !agent.connected;
}

function aboutAgent(agent) {
  const parts = agent.state === 'AWAY' ? [agent.username] : agent.domains.map((domain) => `${domain.name} ${domain.state} ${domain.tasks}/${domain.maxTasks}`);
  if (agent.supervises.length > 0) parts.push(`supervises ${agent.supervises.join(', ')}`);
  if (agent.reason) parts.push(agent.reason);
  if (agent.offers.length > 0) parts.push(count(agent.offers.length, 'offer'));
  if (agent.state !== 'AWAY' && !agent.connected) parts.push('not connected');
  return parts.join(' · ');
}

async function setDomain(username) {
  const { domains } = state.agents.find((agent) => agent.username === username);
  const given = await askFor('Set a domain, as the system', [
    { name: 'domain', label: 'Domain', type: 'select', choices: domains.map(({ id, name }) => ({ value: id, text: name })) },
    { name: 'state', label: 'State', type: 'select', choices: [{ value: '', text: 'as it follows again' }, ...['INTERRUPTED', 'UNKNOWN'].map((value) => ({ value, text: value }))], value: 'INTERRUPTED' },
  ], 'Set it');
  if (given) move(username, 'set-domain', { state: '', ...given }, 'The domain is set');
}

async function emit(username) {
  const given = await askFor('Send any event, held against nothing', [
    { name: 'event', label: 'Event', required: true, value: 'agentPresence' },
    { name: 'payload', label: 'Payload, as JSON', type: 'json', value: '{}' },
  ], 'Send');
  if (given) move(username, 'emit', { payload: {}, ...given }, `${given.event} is sent`);
}

const listed = () => groups.flatMap((group) => state[group]);

function drawConversations() {
  for (const group of groups) {
    setText($(`count-${group}`), String(state.info?.conversations[group] ?? state[group].length));
    arrange($(`list-${group}`), state[group], { key: (one) => one.id, make, update });
  }
  const more = (state.info?.conversations.closed ?? 0) - state.closed.length;
  $('more-closed').hidden = more <= 0;
  setText($('more-closed'), `and ${more} more`);
  $('no-conversations').hidden = listed().length > 0;
  setText($('wire-url'), state.info?.wire.url ?? '');
  const buttons = stops();
  const stop = buttons.find((one) => one.getAttribute('aria-current') === 'true') ?? buttons[0];
  for (const one of buttons) one.tabIndex = one === stop ? 0 : -1;
}

const stops = () => [...$('conversations').querySelectorAll('button.conversation')];

function make(one) {
  return element('li', {}, element('button', { type: 'button', class: 'conversation', click: () => reach(one.id) }, element('span', { class: 'who' }), element('span', { class: 'since' }), element('span', { class: 'about' })));
}

function update(item, one) {
  const button = item.firstChild;
  const [who, since, about] = button.children;
  button.dataset.id = one.id;
  button.setAttribute('aria-current', String(one.id === state.selected));
  setText(who, nameOf(one));
  setText(since, one.offered.length > 0 ? 'offered' : one.waits ? 'waits' : '');
  setText(about, [one.queue, placeOf(one), count(one.events, 'event')].filter(Boolean).join(' · '));
}

// nameOf is how a conversation is called: by its customer.
export const nameOf = ({ customer }) => [customer.firstName, customer.lastName].filter(Boolean).join(' ');

// placeOf says who has a conversation, or where it is.
function placeOf(one) {
  if (one.agents.length > 0) return `with ${one.agents.map(({ agent }) => agent).join(', ')}`;
  if (one.offered.length > 0) return `offered to ${one.offered.join(', ')}`;
  return one.stage === 'CLOSED' ? '' : one.stage;
}

function step(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !event.target.matches('button.conversation')) return;
  event.preventDefault();
  const buttons = stops();
  buttons[buttons.indexOf(event.target) + by]?.focus();
}

// turn looks at the conversation after (1) or before (-1) the one that is looked at.
export function turn(by) {
  const all = listed();
  const here = all.findIndex((one) => one.id === state.selected);
  const there = all[here < 0 ? 0 : here + by];
  if (there) reach(there.id);
}

function reach(id) {
  select(id);
  show('transcript');
  stops().find((one) => one.dataset.id === id)?.scrollIntoView({ block: 'nearest' });
}
