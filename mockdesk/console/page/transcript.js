// The middle pane: what was said and done in the conversation that is looked at, and who is in it.

import { $, arrange, element, setText } from './dom.js';
import { agentName, isIn, on, state } from './state.js';
import { callerOf, size, timeOfDay } from './words.js';
import { act } from './desk.js';
import { showEntry } from './journal.js';
import * as record from './record.js';

let drawn = ''; // the conversation whose lines are on the screen

export function begin() {
  on('conversation selected agents', draw);
  on('journal', drawLog);
}

function draw() {
  const { conversation } = state;
  $('transcript').classList.toggle('empty', !conversation);
  $('no-conversation').hidden = Boolean(state.selected);
  if (conversation) {
    setText($('caller'), callerOf(conversation));
    drawHead(conversation);
  } else {
    setText($('caller'), 'No conversation');
  }
  drawLog();
}

function drawHead(conversation) {
  const badge = $('state');
  badge.dataset.state = conversation.state;
  setText(badge, conversation.state === 'ended' ? `ended by ${conversation.endedBy}` : conversation.state);
  const facts = [conversation.queue && `queue ${conversation.queue}`, conversation.user.id && `user ${conversation.user.id}`,
    conversation.user.locale, conversation.sockets === 1 ? '1 socket' : `${conversation.sockets} sockets`];
  setText($('facts'), facts.filter(Boolean).join(' · '));
  arrange($('present'), conversation.agents, {
    key: (agent) => agent.id,
    make: () => element('li', { class: 'chip' }),
    update: (chip, agent) => setText(chip, whoIs(agent, conversation)),
  });
  const context = conversation.context ? JSON.stringify(conversation.context, null, 2) : '';
  $('context').hidden = !context;
  setText($('context-text'), context);
  setText($('user-types'), conversation.userTypes ? `${callerOf(conversation)} is typing…` : '');
  const sharing = conversation.screens.findLast((screen) => ['asked', 'accepted'].includes(screen.state));
  $('sharing').hidden = !sharing;
  if (sharing) setText($('sharing'), sharing.state === 'asked' ? 'The user is asked for the screen' : 'The screen is shared');
}

function whoIs(agent, conversation) {
  const who = agent.id === state.me ? `${agent.name} (you)` : agent.name;
  return agent.id === conversation.transferringFrom ? `${who}, handing over` : who;
}

function drawLog() {
  const { conversation } = state;
  const log = $('log');
  const another = drawn !== state.selected;
  if (another) {
    // Only what is said from now on is read out, not all that there was.
    log.setAttribute('aria-live', 'off');
    drawn = state.selected;
  }
  const atEnd = another || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const items = conversation ? itemsOf(conversation) : [];
  arrange(log, items, { key: (item) => item.key, make, update });
  if (atEnd) log.scrollTop = log.scrollHeight;
  if (conversation && log.getAttribute('aria-live') === 'off') setTimeout(() => log.setAttribute('aria-live', 'polite'));
}

// itemsOf is all that is to be shown, in the order in which it came about.
function itemsOf(conversation) {
  const entries = record.of(conversation.id);
  const crossed = crossings(entries);
  const lines = state.lines.map((line) => ({ key: `line-${line.cursor}`, cursor: line.cursor, line, entry: crossed.get(line.role === 'user' ? line.key : line.cursor), read: line.role === 'agent' && line.cursor <= conversation.userRead }));
  const files = conversation.attachments.map((file) => ({ key: `file-${file.key}`, cursor: file.cursor, file }));
  const shown = new Set([...lines, ...files].map((item) => item.cursor));
  const acts = entries.filter((entry) => entry.kind === 'act' && entry.data?.event && !shown.has(entry.data.event.cursor));
  const told = acts.map((entry) => ({ key: `act-${entry.seq}`, cursor: entry.data.event.cursor, entry, text: noteOf(entry.data.event) })).filter((item) => item.text);
  const items = [...lines, ...files, ...told].sort((a, b) => a.cursor - b.cursor);
  const over = endings[conversation.endedBy];
  if (over) items.push({ key: 'over', cursor: Infinity, text: over });
  return items;
}

// crossings are the entries with which lines came about: those of agents and the desk by their cursor, those of the user by their key.
function crossings(entries) {
  const found = new Map();
  for (const entry of entries) {
    if (entry.kind === 'act' && entry.data?.event) found.set(entry.data.event.cursor, entry);
    const [, key] = (entry.kind === 'request' && /\/messages\/([^/]+)$/.exec(entry.data?.path)) || [];
    if (key && !found.has(key)) found.set(key, entry);
  }
  return found;
}

const endings = {
  user: 'The user has ended the conversation.',
  agent: 'The conversation is over.',
  desk: 'The conversation is over.',
  abandoned: 'Nobody came back to the conversation: the desk has given it up.',
  expired: 'The desk has forgotten the conversation without a word.',
};

// notes says in words what an event tells. What is empty is not shown: typing comes and goes, and lines and files are shown as such.
const notes = {
  'agent.joined': ({ agent }) => `${agent?.name} has joined`,
  'agent.left': ({ agent }) => `${agent?.name} has left`,
  'agent.typing': () => '',
  'agent.transferring': ({ from, to }) => `${from?.name ?? 'The desk'} hands the user over to ${to?.name ?? 'whoever will come'}`,
  'transfer.failed': ({ reason }) => `Nobody takes over${because(reason)}`,
  'queue.updated': (event) => `The user was told: ${[event.position && `place ${event.position}`, event.waitSeconds !== undefined && `${event.waitSeconds} s to wait`, event.queue && `queue ${event.queue}`, event.notice].filter(Boolean).join(', ')}`,
  'queue.closed': ({ reason }) => `The user was told that nobody will come${because(reason)}`,
  'messages.read': () => 'The user was told that the lines so far were read',
  'message.failed': ({ reason }) => `The user was told that a line did not arrive${because(reason)}`,
  'uploads.changed': ({ uploads }) => (uploads?.allowed ? 'The user may send files' : 'The user may send no files'),
  'attachment.checked': ({ outcome, reason }) => `The check of a file is over: ${outcome}${because(reason)}`,
  'screen.requested': ({ agent }) => `${agent?.name} asks to see the screen`,
  'screen.withdrawn': ({ agent }) => `${agent?.name} no longer asks to see the screen`,
  'screen.stopped': ({ agent }) => `${agent?.name} has stopped the screen share`,
  'conversation.ended': ({ by, reason }) => `Ended by the ${by}${because(reason)}`,
};

const because = (reason) => (reason ? `: ${reason}` : '');

function noteOf(event) {
  const note = notes[event.type];
  return note ? note(event) : `Sent the event ${event.type}`;
}

function make(item) {
  if (item.line) return makeLine(item.line);
  if (item.file) return makeFile(item.file);
  return element('li', { class: 'note' }, element('span', { class: 'text' }), toEntry());
}

// toEntry leads from something in the transcript to what crossed.
function toEntry() {
  return element('button', { type: 'button', class: 'plain trace', title: 'Show it in the journal', click: (event) => showEntry(Number(event.currentTarget.dataset.seq)) });
}

function makeLine(line) {
  const own = line.role === 'agent' && line.agent === state.me;
  const who = { user: callerOf(state.conversation), agent: line.name || agentName(line.agent), desk: 'The desk' }[line.role];
  return element('li', { class: `line from-${line.role}${own ? ' own' : ''}` },
    element('p', { class: 'meta' }, element('b', {}, own ? `${who} (you)` : who), ' ', element('time', { dateTime: line.at }, timeOfDay(line.at)), ' ', element('span', { class: 'seen' }), toEntry()),
    element('p', { class: 'text', dir: 'auto' }, line.text));
}

function makeFile(file) {
  const keep = element('button', { type: 'button', click: () => act('finish-check', { key: file.key }, 'The file is kept') }, 'Keep');
  const refuse = element('button', { type: 'button', click: () => act('finish-check', { key: file.key, reason: 'The file was refused.' }, 'The file is refused') }, 'Refuse');
  return element('li', { class: 'line from-user' },
    element('p', { class: 'meta' }, element('b', {}, callerOf(state.conversation)), ' ', element('time', { dateTime: file.at }, timeOfDay(file.at)), ' sent a file'),
    element('p', { class: 'text' }, element('span', { class: 'file' }, file.name), ' ', element('span', { class: 'muted' })),
    element('div', { class: 'buttons check' }, keep, refuse));
}

function update(child, item) {
  trace(child.querySelector('.trace'), item.entry);
  if (item.line) setText(child.querySelector('.seen'), item.read ? '✓ read' : '');
  else if (item.file) {
    setText(child.querySelector('.muted'), `${size(item.file.size)}, ${item.file.outcome}`);
    child.querySelector('.check').hidden = item.file.outcome !== 'checking' || !isIn(state.me);
  } else setText(child.querySelector('.text'), item.text);
}

function trace(button, entry) {
  if (!button) return;
  button.hidden = !entry;
  if (!entry || button.dataset.seq === String(entry.seq)) return;
  button.dataset.seq = entry.seq;
  button.setAttribute('aria-label', `Show entry ${entry.seq} in the journal`);
  setText(button, `#${entry.seq}`);
}
