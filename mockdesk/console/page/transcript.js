// The middle pane: what was said and done in the conversation that is looked at, and who is in it.

import { $, arrange, element, setText } from './dom.js';
import { agentName, isIn, on, state } from './state.js';
import { callerOf, size, timeOfDay } from './words.js';
import { act } from './desk.js';
import { showEntry } from './journal.js';
import * as log from './log.js';
import * as record from './record.js';

export function begin() {
  log.begin();
  on('conversation selected agents me', draw);
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
  log.show(state.conversation ? itemsOf(state.conversation) : [], { key: (item) => item.key, make, update });
}

// itemsOf is all that is to be shown, in the order in which it came about.
function itemsOf(conversation) {
  const entries = record.of(conversation.id);
  const crossed = crossings(entries);
  const lines = state.lines.map((line) => ({ key: `line-${line.cursor}`, cursor: line.cursor, line, entry: crossed.get(line.role === 'user' ? `messages/${line.key}` : line.cursor), read: line.role === 'agent' && line.cursor <= conversation.userRead }));
  const files = conversation.attachments.map((file) => ({ key: `file-${file.key}`, cursor: file.cursor, file, entry: crossed.get(`attachments/${file.key}`) }));
  const shown = new Set([...lines, ...files].map((item) => item.cursor));
  const acts = entries.filter((entry) => entry.kind === 'act' && entry.data?.event && !shown.has(entry.data.event.cursor));
  const told = acts.map((entry) => ({ key: `act-${entry.seq}`, cursor: entry.data.event.cursor, entry, text: noteOf(entry.data.event) })).filter((item) => item.text);
  const items = [...lines, ...files, ...told, ...answersOf(conversation, entries)].sort((a, b) => a.cursor - b.cursor);
  const over = endings[conversation.endedBy];
  if (over && !acts.some((entry) => entry.data.event.type === 'conversation.ended')) items.push({ key: 'over', cursor: Infinity, text: over });
  return items;
}

// crossings are the entries with which lines and files came about: those of agents and the desk by their cursor, those of the user by the end of their path, such as messages/KEY.
function crossings(entries) {
  const found = new Map();
  for (const entry of entries) {
    if (entry.kind === 'act' && entry.data?.event) found.set(entry.data.event.cursor, entry);
    const [, end] = (entry.kind === 'request' && /\/((?:messages|attachments)\/[^/]+)$/.exec(entry.data?.path)) || [];
    if (end && !found.has(end)) found.set(end, entry);
  }
  return found;
}

// answersOf is what the user's side has said of the screen. It is no event of the conversation and has no place among them, so each stands behind what had happened when it crossed; where
// that cannot be told, behind the question.
function answersOf({ screens }, entries) {
  return screens.flatMap(({ id, said }) => {
    const crossed = entries.filter((entry) => entry.kind === 'request' && entry.data?.path?.endsWith(`/screens/${id}`) && entry.data.body?.state);
    const question = entries.find((entry) => entry.kind === 'act' && entry.data?.event?.id === id);
    return said.map((state, n) => {
      const entry = crossed[n]?.data.body.state === state ? crossed[n] : undefined;
      const after = entry ? cursorBefore(entry, entries) : question?.data.event.cursor ?? 0;
      return { key: `screen-${id}-${n}`, cursor: after + 0.5, entry, text: answers[state] ?? `The user’s side says of the screen: ${state}` };
    });
  });
}

// cursorBefore is how far the conversation had come before an entry.
function cursorBefore({ seq }, entries) {
  return entries.reduce((most, entry) => (entry.seq < seq ? Math.max(most, entry.data?.event?.cursor ?? entry.data?.body?.cursor ?? 0) : most), 0);
}

const answers = {
  accepted: 'The user shows the screen',
  declined: 'The user does not show the screen',
  cancelled: 'The user was asked for the screen, and has not answered',
  unsupported: 'The user’s chat can show no screen',
  stopped: 'The user has stopped the screen share',
};

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
  return element('li', { class: `line from-${line.role}` },
    element('p', { class: 'meta' }, element('b', {}), ' ', element('time', { dateTime: line.at }, timeOfDay(line.at)), ' ', element('span', { class: 'seen' }), toEntry()),
    element('p', { class: 'text', dir: 'auto' }, line.text));
}

// updateLine draws what of a line can change: who reads it here, whether the user has, and what it has besides words.
function updateLine(child, { line, entry, read }) {
  const own = line.role === 'agent' && line.agent === state.me;
  const who = { user: callerOf(state.conversation), agent: line.name || agentName(line.agent), desk: 'The desk' }[line.role];
  child.classList.toggle('own', own);
  setText(child.querySelector('b'), own ? `${who} (you)` : who);
  setText(child.querySelector('.seen'), read ? '✓ read' : '');
  const items = entry?.data?.event?.items;
  // The words that the desk makes of other items say more than their names would.
  if (!items?.some(isFile) || !items.every((item) => isFile(item) || item.kind === 'text') || child.querySelector('.file')) return;
  child.querySelector('.text').replaceChildren(...items.flatMap((item, n) => [n > 0 ? '\n' : '', isFile(item) ? toFile(item) : item.text]));
}

// isFile says whether an item of a line is a file that can be had: what is no address of the web is not to be followed.
const isFile = ({ kind, url }) => kind === 'file' && /^https?:/.test(url ?? '');

function toFile({ url, name }) {
  return element('a', { class: 'file', href: url, target: '_blank', rel: 'noopener noreferrer' }, name || url);
}

function makeFile(file) {
  const keep = element('button', { type: 'button', click: () => act('finish-check', { key: file.key }, 'The file is kept') }, 'Keep');
  const refuse = element('button', { type: 'button', click: () => act('finish-check', { key: file.key, reason: 'The file was refused.' }, 'The file is refused') }, 'Refuse');
  return element('li', { class: 'line from-user' },
    element('p', { class: 'meta' }, element('b', {}, callerOf(state.conversation)), ' ', element('time', { dateTime: file.at }, timeOfDay(file.at)), ' sent a file', toEntry()),
    element('p', { class: 'text' }, element('span', { class: 'file' }, file.name), ' ', element('span', { class: 'muted' })),
    element('div', { class: 'buttons check' }, keep, refuse));
}

function update(child, item) {
  trace(child.querySelector('.trace'), item.entry);
  if (item.line) updateLine(child, item);
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
