// The left pane: the conversations.

import { $, arrange, element, setText } from '../dom.js';
import { on, state } from '../state.js';
import { count } from '../words.js';
import { select } from './account.js';
import { show } from '../panes.js';

const groups = ['open', 'ended'];

export function begin() {
  on('conversations tenant account selected conversation', draw);
  $('conversations').addEventListener('keydown', step);
}

const listed = () => groups.flatMap((group) => state[group]);

function draw() {
  for (const group of groups) {
    setText($(`count-${group}`), String(state.info?.conversations[group] ?? state[group].length));
    arrange($(`list-${group}`), state[group], { key: (one) => one.id, make, update });
  }
  const more = (state.info?.conversations.ended ?? 0) - state.ended.length;
  $('more-ended').hidden = more <= 0;
  setText($('more-ended'), `and ${more} more`);
  $('no-conversations').hidden = listed().length > 0;
  drawEmpty();
  const buttons = stops();
  const stop = buttons.find((one) => one.getAttribute('aria-current') === 'true') ?? buttons[0];
  for (const one of buttons) one.tabIndex = one === stop ? 0 : -1;
}

// drawEmpty says what a connector has to know, where none has come yet.
function drawEmpty() {
  const { account } = state;
  if (!account) return;
  setText($('wire-url'), account.apiUrl === account.identityUrl ? account.apiUrl : `${account.identityUrl} ${account.apiUrl}`);
  setText($('wire-hint'), `Account ${account.account}, client ${account.clients[0].id}, touchpoint ${account.touchpoints[0].id}; webhooks go to ${account.integrations.map(({ basePath }) => basePath).join(', ')}`);
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
  setText(who, one.email || one.id);
  setText(since, one.outbound ? 'outbound' : '');
  setText(about, [one.subject, one.endedBy && `ended by ${one.endedBy}`, count(one.messages, 'message')].filter(Boolean).join(' · '));
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
