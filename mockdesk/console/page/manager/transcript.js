// The middle pane: what has happened in the conversation that is looked at, and who is in it.

import { $, arrange, element, setText } from '../dom.js';
import { on, state } from '../state.js';
import { nameOf } from './people.js';
import { showEntry } from '../journal.js';
import { timeOfDay } from '../words.js';
import * as log from '../log.js';
import * as record from '../record.js';

export function begin() {
  log.begin();
  on('conversation selected', draw);
  on('journal', drawLog);
}

function draw() {
  const { conversation } = state;
  $('transcript').classList.toggle('empty', !conversation);
  $('no-conversation').hidden = Boolean(state.selected);
  setText($('caller'), conversation ? nameOf(conversation) : 'No conversation');
  if (conversation) drawHead(conversation);
  drawLog();
}

function drawHead(conversation) {
  const badge = $('state');
  badge.dataset.state = conversation.stage;
  setText(badge, conversation.stage);
  const facts = [conversation.queue && `queue ${conversation.queue}`, conversation.sessions.map(({ channel }) => channel).join(', '), conversation.routing, conversation.offered.length > 0 && `offered to ${conversation.offered.join(', ')}`,
    conversation.sla && 'the time to answer runs', conversation.customer.anonymous && 'anonymous'];
  setText($('facts'), facts.filter(Boolean).join(' · '));
  arrange($('present'), conversation.agents, {
    key: ({ agent }) => agent,
    make: () => element('li', { class: 'chip' }),
    update: (chip, { agent, role }) => setText(chip, `${agent} · ${role}`),
  });
  const known = Object.keys(conversation.data).length > 0 ? JSON.stringify(conversation.data, null, 2) : '';
  $('context').hidden = !known;
  setText($('context-text'), known);
}

function drawLog() {
  log.show(state.conversation ? state.events : [], { key: (event) => `${state.selected}-${event.number}`, make, update });
}

// spoken are the events that are lines; all others are notes.
const spoken = { CUSTOMER_MESSAGE: 'user', AGENT_MESSAGE: 'agent', WHISPER_MESSAGE: 'agent', BOT_MESSAGE: 'desk' };

function make(event) {
  const side = spoken[event.name];
  if (!side) return element('li', { class: 'note' }, element('span', { class: 'text' }, noteOf(event)), toEntry());
  const who = side === 'user' ? `${event.sender} (you)` : event.name === 'WHISPER_MESSAGE' ? `${event.sender} whispers` : event.sender;
  const answered = event.answers && state.events.find((one) => one.message === event.answers);
  return element('li', { class: `line from-${side}${side === 'user' ? ' own' : ''}` },
    element('p', { class: 'meta' }, element('b', {}, who), ' ', element('time', { dateTime: event.at }, timeOfDay(event.at)), answered ? ` answers “${answered.text.slice(0, 60)}”` : '', toEntry()),
    element('p', { class: 'text', dir: 'auto' }, event.text));
}

// noteOf is an event in words.
function noteOf({ name, text, sender, event }) {
  const agent = event.data?.agentParticipant?.participant?.keycloakUser?.username;
  const words = {
    CHANNEL_SESSION_STARTED: `The customer writes through ${event.data?.channel?.channelType?.name}`,
    CHANNEL_SESSION_ENDED: `The customer has left ${event.data?.channel?.channelType?.name}`,
    AGENT_SUBSCRIBED: `${agent} has joined`,
    AGENT_UNSUBSCRIBED: `${agent} is out of it`,
    TYPING_INDICATOR: `${sender} types`,
    TASK_ENQUEUED: 'It waits for an agent',
    NO_AGENT_AVAILABLE: 'No agent was found',
    TASK_STATE_CHANGED: `The task is ${event.data?.task?.state?.name}`,
    MESSAGE_DELIVERY_NOTIFICATION: `${event.data?.body?.status} (${sender})`,
  };
  return words[name] ?? [name, text].filter(Boolean).join(': ');
}

// toEntry leads from something in the transcript to what crossed.
function toEntry() {
  return element('button', { type: 'button', class: 'plain trace', title: 'Show it in the journal', hidden: true, click: (event) => showEntry(Number(event.currentTarget.dataset.seq)) });
}

function update(child, event) {
  const button = child.querySelector('.trace');
  if (!button.hidden) return;
  const entry = crossing(event);
  button.hidden = !entry;
  if (!entry) return;
  button.dataset.seq = entry.seq;
  button.setAttribute('aria-label', `Show entry ${entry.seq} in the journal`);
  setText(button, `#${entry.seq}`);
}

// crossing is the first entry that carries an event, undefined where it has reached nobody.
function crossing({ event, message }) {
  const sought = message ?? event.id;
  return record.of(state.selected).find((entry) => record.textOf(entry).includes(sought));
}
