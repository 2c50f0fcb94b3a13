// The left pane: who waits, whom agents talk to, and what is over.

import { $, arrange, element, setText } from './dom.js';
import { agentName, now, on, state } from './state.js';
import { callerOf, count, elapsed, inWords } from './words.js';
import { select } from './desk.js';
import { show } from './panes.js';

const groups = ['waiting', 'active', 'ended'];

// read is how many lines of each conversation were seen, by id.
const read = new Map();

export function begin() {
  on('conversations tenant agents selected conversation', draw);
  setInterval(drawTimes, 1000);
  $('conversations').addEventListener('keydown', move);
}

const listed = () => groups.flatMap((group) => state[group]);

function draw() {
  if (state.conversation) read.set(state.conversation.id, state.lines.length);
  for (const group of groups) {
    const total = state.info?.conversations[group] ?? state[group].length;
    setText($(`count-${group}`), String(total));
    arrange($(`list-${group}`), state[group], { key: (one) => one.id, make, update });
    const more = total - state[group].length;
    $(`more-${group}`).hidden = more <= 0;
    setText($(`more-${group}`), `and ${more} more`);
  }
  $('no-conversations').hidden = listed().length > 0;
  setText($('wire-url'), state.info?.wire.url ?? '');
  setText($('socket-url'), state.info?.wire.socketUrl ?? '');
  keepOneStop();
  drawTimes();
}

// keepOneStop leaves one of the conversations in the order of the Tab key; the arrows go on from there.
function keepOneStop() {
  const buttons = stops();
  const stop = buttons.find((one) => one.getAttribute('aria-current') === 'true') ?? buttons[0];
  for (const one of buttons) one.tabIndex = one === stop ? 0 : -1;
}

const stops = () => [...$('conversations').querySelectorAll('button.conversation')];

function make(one) {
  const open = () => {
    select(one.id);
    show('transcript');
  };
  return element('li', {}, element('button', { type: 'button', class: 'conversation', click: open },
    element('span', { class: 'who' }), element('span', { class: 'since' }), element('span', { class: 'about' }), element('span', { class: 'fresh' })));
}

function update(item, one) {
  const button = item.firstChild;
  const [who, since, about, fresh] = button.children;
  button.dataset.id = one.id;
  button.setAttribute('aria-current', String(one.id === state.selected));
  setText(who, callerOf(one));
  since.dataset.opened = one.state === 'waiting' ? one.openedAt : '';
  if (one.state !== 'waiting') setText(since, '');
  setText(about, aboutOf(one));
  // What was said before it was first seen here is nothing new.
  if (!read.has(one.id)) read.set(one.id, one.state === 'waiting' ? 0 : one.lines);
  const unread = one.id === state.selected ? 0 : one.lines - read.get(one.id);
  fresh.hidden = unread <= 0;
  setText(fresh, unread > 0 ? `${unread} new` : '');
}

function aboutOf(one) {
  const parts = [];
  if (one.queue) parts.push(one.queue);
  if (one.agents.length > 0) parts.push(`with ${one.agents.map(agentName).join(', ')}`);
  if (one.endedBy) parts.push(one.endedBy === 'abandoned' || one.endedBy === 'expired' ? one.endedBy : `by ${one.endedBy}`);
  parts.push(one.lines === 0 ? 'no lines' : count(one.lines, 'line'));
  return parts.join(' · ');
}

// drawTimes shows how long those have waited who wait.
function drawTimes() {
  for (const since of $('list-waiting').querySelectorAll('.since')) {
    const waited = now() - Date.parse(since.dataset.opened);
    setText(since, elapsed(waited));
    since.setAttribute('aria-label', `waits for ${inWords(waited)}`);
    since.classList.toggle('long', waited > 120_000);
  }
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches('button.conversation')) return;
  event.preventDefault();
  const buttons = stops();
  buttons[buttons.indexOf(event.target) + step]?.focus();
}

// step selects the conversation after (1) or before (-1) the one that is looked at.
export function step(by) {
  const all = listed();
  const here = all.findIndex((one) => one.id === state.selected);
  const there = here < 0 ? 0 : here + by;
  if (all[there]) reach(all[there].id);
}

// reachWaiting selects who waits longest.
export function reachWaiting() {
  const next = state.waiting.find((one) => one.id !== state.selected) ?? state.waiting[0];
  if (next) reach(next.id);
}

function reach(id) {
  select(id);
  show('transcript');
  stops().find((one) => one.dataset.id === id)?.scrollIntoView({ block: 'nearest' });
}
