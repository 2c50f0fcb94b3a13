// The console of a desk: conversations at the left, the one that is looked at in the middle, the journal at the right.

import { $, fillSelect, setText } from './dom.js';
import { changed, on, recall, remember, state } from './state.js';
import { choose, forget, heard, lookAround, lookAtAgents, putAgent, setOnline } from './desk.js';
import { stay, turnTo } from './link.js';
import { ask } from './api.js';
import { copies } from './copies.js';
import { announce, complain } from './notices.js';
import { table } from './keytable.js';
import * as composer from './composer.js';
import * as conversations from './conversations.js';
import * as faults from './faults.js';
import * as form from './form.js';
import * as frame from './frame.js';
import * as journal from './journal.js';
import * as keys from './keys.js';
import * as panes from './panes.js';
import * as transcript from './transcript.js';

// newcomer is a value of a list that asks for a new one.
const newcomer = '+';

recall();
for (const part of [frame, panes, conversations, transcript, composer, faults, form]) part.begin();
keys.begin(table);
journal.begin({
  desk: 'desk', parties: ['integration', 'desk', 'agent', 'user', 'host', 'kit'], copies,
  nothing: 'Nothing has crossed yet. Whatever an integration sends to the desk is recorded here.',
  words: ({ data }) => data?.event?.text ?? data?.body?.text,
});

on('tenants tenant', drawTenants);
on('agents me', drawMe);

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

const chat = document.querySelector('meta[name="chat"]')?.content;
if (chat) {
  document.body.classList.add('with-chat');
  $('chat-frame').src = chat;
  $('chat').hidden = false;
}

changed('tenants', 'agents', 'conversations', 'conversation', 'faults', 'link', 'journal');
stay({ forget, heard, lookAround });
