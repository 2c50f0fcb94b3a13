// The console of a desk: conversations at the left, the one that is looked at in the middle, the journal at the right.

import { $, fillSelect, setText } from './dom.js';
import { changed, now, on, recall, remember, state } from './state.js';
import { choose, lookAtAgents, putAgent, setOnline } from './desk.js';
import { again, stay, turnTo } from './link.js';
import { ask, setToken } from './api.js';
import { announce, complain } from './notices.js';
import { timeOfDay } from './words.js';
import * as composer from './composer.js';
import * as conversations from './conversations.js';
import * as faults from './faults.js';
import * as form from './form.js';
import * as journal from './journal.js';
import * as keys from './keys.js';
import * as panes from './panes.js';
import * as transcript from './transcript.js';

// newcomer is a value of a list that asks for a new one.
const newcomer = '+';

recall();
for (const part of [panes, conversations, transcript, composer, journal, faults, form, keys]) part.begin();

on('tenants tenant', drawTenants);
on('agents me', drawMe);
on('link', drawLink);
on('tenant', drawClock);
setInterval(drawClock, 1000);
setInterval(drawLink, 500);

function drawTenants() {
  const names = state.tenants.includes(state.tenant) || !state.tenant ? state.tenants : [...state.tenants, state.tenant];
  fillSelect($('tenant'), [...names.map((name) => ({ value: name, text: name })), { value: newcomer, text: 'New tenant…' }], state.tenant);
  document.title = `${state.info?.conversations.waiting ? `(${state.info.conversations.waiting}) ` : ''}${state.tenant || 'desk'} · deskcheck`;
}

$('tenant').addEventListener('change', async () => {
  const chosen = $('tenant').value;
  if (chosen !== newcomer) {
    turnTo(chosen);
    remember();
    return;
  }
  $('tenant').value = state.tenant;
  const given = await form.askFor('A new tenant', [{ name: 'name', label: 'Name', required: true, hint: 'Small letters, digits and hyphens. It is a desk of its own, with addresses of its own.' }], 'Create it');
  if (!given) return;
  try {
    const made = await ask('POST', '/v1/tenants', given);
    state.tenants.push(made.name);
    turnTo(made.name);
    remember();
    announce(`An integration finds the new desk at ${made.wire.url}`);
  } catch (error) {
    complain(error);
  }
});

function drawMe() {
  fillSelect($('me'), [...state.agents.map((agent) => ({ value: agent.id, text: agent.online ? agent.name : `${agent.name} (offline)` })), { value: newcomer, text: 'New agent…' }], state.me);
  const me = state.agents.find((agent) => agent.id === state.me);
  $('online').disabled = !me;
  $('online').setAttribute('aria-checked', String(me?.online ?? false));
}

$('me').addEventListener('change', async () => {
  const chosen = $('me').value;
  if (chosen !== newcomer) {
    choose({ me: chosen });
    return;
  }
  $('me').value = state.me;
  const given = await form.askFor('A new agent', [{ name: 'name', label: 'Name', required: true }], 'Add');
  if (!given) return;
  const id = idFor(given.name);
  if (await putAgent(id, given.name)) {
    await lookAtAgents();
    choose({ me: id });
  }
});

// idFor makes an id out of a name, one that no agent has.
function idFor(name) {
  const base = name.toLowerCase().normalize('NFKD').replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40) || 'agent';
  let id = base;
  for (let n = 2; state.agents.some((agent) => agent.id === id); n++) id = `${base}-${n}`;
  return id;
}

$('online').addEventListener('click', () => setOnline(state.me, $('online').getAttribute('aria-checked') !== 'true'));

function drawClock() {
  if (!state.info) return;
  setText($('now'), timeOfDay(now()));
  $('now').dateTime = new Date(now()).toISOString();
  setText($('clock-mode'), state.info.clock.mode === 'manual' ? 'stands still' : '');
}

// drawLink says whether the desk is there. The words change only when something has happened, so that the countdown is not read out.
function drawLink() {
  const { link } = state;
  const bar = $('outage');
  document.body.dataset.link = link.is;
  setText($('link'), { connecting: 'Connecting…', live: 'Live', lost: 'Lost' }[link.is]);
  bar.hidden = link.is !== 'lost';
  if (link.is !== 'lost') return;
  setText($('outage-text'), link.locked ? 'The desk wants its token.' : 'The desk does not answer. What you see is how it was.');
  const left = Math.ceil((link.until - Date.now()) / 1000);
  setText($('outage-next'), link.locked ? '' : left > 0 ? `Next attempt in ${left} s` : 'Trying…');
  $('unlock').hidden = !link.locked;
}

$('again').addEventListener('click', again);
$('unlock').addEventListener('click', async () => {
  const given = await form.askFor('The token of the desk', [{ name: 'token', label: 'Token, as it was printed when the desk started', required: true }], 'Use it');
  if (!given) return;
  setToken(given.token);
  again();
});

const chat = document.querySelector('meta[name="chat"]')?.content;
if (chat) {
  document.body.classList.add('with-chat');
  $('chat-frame').src = chat;
  $('chat').hidden = false;
}

changed('tenants', 'agents', 'conversations', 'conversation', 'faults', 'link', 'journal');
stay();
