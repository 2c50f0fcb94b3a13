// What is out of order as switches, and what supervisors announce.

import { $, arrange, element, setText } from '../dom.js';
import { advance, announce, bend, heal, withdraw } from './floor.js';
import { on, state } from '../state.js';
import { askFor } from '../form.js';
import { count } from '../words.js';

// events are those that are most worth being kept back; others are asked for.
const events = ['agentPresence', 'taskRequest', 'onTopicData', 'onCimEvent', 'revokeTask', 'topicUnsubscription', 'errors'];

const refused = (path, body) => () => bend('PUT', path, body);
const unset = (path) => () => bend('DELETE', path);

// rows are the switches: what each says, whether it is on, and what it does.
const rows = [
  {
    name: 'logins', text: 'Signing in over HTTP',
    switches: [[400, 'invalid'], [401, 'unknown user'], [408, 'timed out'], [412, 'no licence'], [500, 'failed']].map(([status, says]) => ({
      text: String(status), says: `Refuse every login with ${status}, ${says}`, on: () => state.faults.logins === status, set: refused('/logins', { status }), end: unset('/logins'),
    })),
  },
  {
    name: 'handshakes', text: 'Connecting the socket',
    switches: [
      { text: 'licence', says: 'Refuse every handshake, for the licence has expired', on: () => Boolean(state.faults.handshakes?.licence), set: refused('/handshakes', { licence: 'EXPIRED' }), end: unset('/handshakes') },
      { text: 'login-failed', says: 'Refuse every handshake, as if the login had failed', on: () => Boolean(state.faults.handshakes && !state.faults.handshakes.licence), set: refused('/handshakes', {}), end: unset('/handshakes') },
    ],
  },
  { name: 'states', text: 'Changes of state', switches: [{ text: 'refuse', says: 'Refuse every change of state', on: () => state.faults.states, set: refused('/states', {}), end: unset('/states') }] },
  {
    name: 'withhold', text: 'Events that are kept back, and sent when they are released',
    switches: events.map((event) => ({ text: event, says: `Keep back ${event}`, event, on: () => Boolean(withheld(event)), set: refused(`/withheld/${event}`, {}), end: unset(`/withheld/${event}`) })),
  },
];

const withheld = (event) => state.faults.withheld?.find((one) => one.event === event);

export function begin() {
  for (const row of rows) {
    for (const one of row.switches) {
      one.button = element('button', { type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false', 'aria-label': one.says, title: one.says, 'data-fault': `${row.name}-${one.text}`, click: () => (one.on() ? one.end() : one.set()) });
    }
    row.place = element('div', { class: 'operation', role: 'group', 'aria-label': `Faults of ${row.name}` },
      element('p', {}, element('b', {}, row.name), element('span', { class: 'muted' }, ` ${row.text}`)), element('div', { class: 'switches' }, ...row.switches.map((one) => one.button)));
    $('operations').append(row.place);
  }
  rows.at(-1).place.append(element('ul', { id: 'other-faults' }), element('button', { type: 'button', id: 'withhold-other', click: withholdOther }, 'Another event…'));
  on('faults', draw);
  on('announcements', drawAnnouncements);
  $('heal').addEventListener('click', heal);
  $('announce').addEventListener('click', ask);
  for (const button of document.querySelectorAll('[data-advance]')) button.addEventListener('click', () => advance(button.dataset.advance));
}

function draw() {
  let broken = 0;
  for (const row of rows) {
    const on = row.switches.filter((one) => one.on());
    broken += on.length;
    row.place.classList.toggle('on', on.length > 0);
    for (const one of row.switches) {
      one.button.setAttribute('aria-checked', String(on.includes(one)));
      const kept = one.event && withheld(one.event)?.kept;
      setText(one.button, kept ? `${one.text} · ${kept} kept` : one.text);
    }
  }
  const others = (state.faults.withheld ?? []).filter(({ event }) => !events.includes(event));
  arrange($('other-faults'), others, {
    key: ({ event }) => event,
    make: ({ event }) => element('li', {}, element('span', { class: 'text' }), element('button', { type: 'button', 'aria-label': `Release ${event}`, click: unset(`/withheld/${encodeURIComponent(event)}`) }, 'Release')),
    update: (item, { event, kept }) => setText(item.firstChild, `${event}, ${kept} kept`),
  });
  drawSummary(broken + others.length);
}

function drawSummary(broken) {
  const summary = $('broken');
  summary.classList.toggle('on', broken > 0);
  setText(summary, broken > 0 ? count(broken, 'fault') : 'No faults');
  $('heal').disabled = broken === 0;
}

async function withholdOther() {
  const given = await askFor('Keep back an event', [{ name: 'event', label: 'Event', required: true }], 'Keep back');
  if (given) bend('PUT', `/withheld/${encodeURIComponent(given.event)}`, {});
}

function drawAnnouncements() {
  arrange($('announcements'), state.announcements, {
    key: ({ id }) => id,
    make: ({ id, supervisor, text }) => element('li', {}, element('span', { class: 'text' }, `${supervisor}: ${text} `), element('button', { type: 'button', 'aria-label': `Take back: ${text}`, click: () => withdraw(id) }, 'Take back')),
  });
}

async function ask() {
  const supervisors = state.agents.filter((agent) => agent.supervises.length > 0).map(({ username, name }) => ({ value: username, text: name }));
  const given = await askFor('Announce something to everyone', [{ name: 'supervisor', label: 'In the name of', type: 'select', choices: supervisors }, { name: 'text', label: 'Text', type: 'textarea', required: true }], 'Announce');
  if (given) announce(given);
}
