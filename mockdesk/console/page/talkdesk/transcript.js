// The middle pane: what was said, before the hand-over and after it, and what the agent is shown.

import { $, arrange, element, setText } from '../dom.js';
import { on, state } from '../state.js';
import { size, timeOfDay } from '../words.js';
import { at } from '../asking.js';
import { showEntry } from '../journal.js';
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
  setText($('caller'), conversation ? conversation.email || conversation.id : 'No conversation');
  if (conversation) drawHead(conversation);
  drawLog();
}

function drawHead(conversation) {
  const badge = $('state');
  badge.dataset.state = conversation.state;
  setText(badge, conversation.endedBy ? `ended by ${conversation.endedBy}` : conversation.state);
  const failed = conversation.deliveries.filter(({ state: is }) => is === 'failed' || is === 'undelivered').length;
  setText($('facts'), [conversation.subject, conversation.outbound && 'started by an agent', conversation.id, failed > 0 && `${failed} of ${conversation.deliveries.length} events were not delivered`].filter(Boolean).join(' · '));
  $('facts').title = $('facts').textContent;
  const exposed = Object.entries(conversation.exposed);
  arrange($('exposed'), exposed, {
    key: ([name]) => name,
    make: () => element('div', {}, element('dt', {}), element('dd', {})),
    update: (item, [name, value]) => {
      setText(item.firstChild, name);
      setText(item.lastChild, typeof value === 'string' ? value : JSON.stringify(value));
    },
  });
  const hidden = Object.keys(conversation.variables).length > 0 || conversation.unmapped.length > 0;
  $('context').hidden = exposed.length === 0;
  $('known').hidden = !hidden;
  setText($('context-text'), hidden ? JSON.stringify({ variables: conversation.variables, unmapped: conversation.unmapped }, null, 2) : '');
}

function drawLog() {
  log.show(state.conversation ? itemsOf(state.conversation) : [], { key: (item) => item.key, make, update });
}

// itemsOf are the lines of a conversation: what was said before the hand-over, where that was, what was said after it, and how it ended.
function itemsOf({ id, previous, said, state: is, endedBy }) {
  const items = previous.map((line, i) => ({ key: `${id}-before-${i}`, previous: line }));
  if (items.length > 0) items.push({ key: `${id}-over`, note: 'Handed over to the agent' });
  for (const line of said) items.push({ key: `${id}-${line.id}-${line.from}`, line });
  if (is === 'ended') items.push({ key: `${id}-ended`, note: `Ended by the ${endedBy === 'contact' ? 'user’s side' : 'agent'}` });
  return items;
}

function make({ previous, note, line }) {
  if (note) return element('li', { class: 'note' }, element('span', { class: 'text' }, note));
  if (previous) {
    return element('li', { class: 'line before from-user' }, element('p', { class: 'meta' }, element('b', {}, previous.type), ' ', timeOf(previous.createdAt)), element('p', { class: 'text', dir: 'auto' }, previous.content));
  }
  const own = line.from === 'agent';
  const who = own ? `${line.author} (you)` : state.conversation.email || 'The user';
  return element('li', { class: `line from-${own ? 'agent own' : 'user'}` },
    element('p', { class: 'meta' }, element('b', {}, who), ' ', timeOf(line.at), toEntry()),
    ...(line.text === null ? [] : [element('p', { class: 'text', dir: 'auto' }, line.text)]),
    ...line.files.map(fileOf),
    ...(line.partial ? [element('p', { class: 'muted' }, `Not all files were taken: ${line.partial}`)] : []));
}

// timeOf is a moment that a connector has given, which may be none.
function timeOf(moment) {
  return element('time', { dateTime: moment }, Number.isNaN(Date.parse(moment)) ? moment : timeOfDay(moment));
}

// fileOf is a file to be saved; what it holds is never shown here.
function fileOf(file) {
  return element('p', { class: 'text' }, element('a', { class: 'file', href: at(`/files/${encodeURIComponent(file.id)}`), download: file.name }, file.name), ' ', element('span', { class: 'muted' }, [file.type, size(file.size)].filter(Boolean).join(', ')));
}

// toEntry leads from a line to what crossed.
function toEntry() {
  return element('button', { type: 'button', class: 'plain trace', title: 'Show it in the journal', hidden: true, click: (event) => showEntry(Number(event.currentTarget.dataset.seq)) });
}

function update(child, { line }) {
  const button = child.querySelector('.trace');
  if (!line || !button?.hidden) return;
  const entry = crossing(line);
  button.hidden = !entry;
  if (!entry) return;
  button.dataset.seq = entry.seq;
  button.setAttribute('aria-label', `Show entry ${entry.seq} in the journal`);
  setText(button, `#${entry.seq}`);
}

// crossing is what carried a line: the event of an agent's, by its id, and of the user's the answer that gave it its id, or the request with its words.
function crossing({ id, from, text }) {
  const entries = record.of(state.selected);
  if (from === 'agent') return entries.find((entry) => entry.kind === 'request' && entry.from === 'webhook' && record.textOf(entry).includes(id));
  return entries.find((entry) => entry.kind === 'request' && entry.from === 'connector' && (record.answerTo(entry)?.data?.body?.message_id === id || (text && entry.data?.body?.content === text)));
}
