// The keys. Single letters count only where no text is written, and can be switched off for those whose keyboard or voice software presses them by mistake.

import { $, element, isWriting } from './dom.js';
import { copy, copyAs, toggleFollow } from './journal.js';
import { reachWaiting, step } from './conversations.js';
import { dismiss } from './notices.js';
import { heal } from './desk.js';
import { perform } from './composer.js';
import { show } from './panes.js';

const table = [
  ['Find your way', [
    ['1', 'Conversations', () => show('conversations', true)],
    ['2', 'Transcript', () => show('transcript', true)],
    ['3', 'Journal', () => show('journal', true)],
    ['4', 'Faults', () => show('faults', true)],
    ['j', 'Next conversation', () => step(1)],
    ['k', 'Previous conversation', () => step(-1)],
    ['n', 'Who waits longest', reachWaiting],
    ['?', 'This help', () => $('help').showModal()],
    ['Escape', 'Close a notice; leave the field', null],
  ]],
  ['In the conversation', [
    ['a', 'Join (answer)', () => perform('join')],
    ['m', 'Write a message', () => write()],
    ['u', 'Send a file (upload)', () => perform('file')],
    ['r', 'Mark as read', () => perform('read')],
    ['t', 'Transfer', () => perform('transfer')],
    ['s', 'Ask to see the screen, take it back, or stop', () => perform('ask-screen') || perform('withdraw-screen') || perform('stop-screen')],
    ['l', 'Leave', () => perform('leave')],
    ['e', 'End', () => perform('end')],
  ]],
  ['In the journal', [
    ['/', 'Search', () => find()],
    ['p', 'Follow, or stand still (pause)', toggleFollow],
    ['y', 'Copy what is shown of the entry', copy],
    ['c', 'Copy it as curl', () => copyAs('curl')],
    ['g', 'Copy it as a Gherkin scenario', () => copyAs('scenario')],
    ['w', 'Copy it as a wire rule', () => copyAs('rule')],
  ]],
  ['Break and heal', [
    ['h', 'Heal: remove all faults', heal],
    ['x', 'Let 5 seconds pass', () => document.querySelector('[data-advance="5s"]').click()],
  ]],
];

const deeds = new Map(table.flatMap(([, keys]) => keys).filter(([, , deed]) => deed).map(([key, , deed]) => [key, deed]));
let single = localStorage.getItem('single-keys') !== 'off';

export function begin() {
  document.addEventListener('keydown', press);
  for (const [title, keys] of table) {
    const list = element('dl', {}, ...keys.map(([key, text]) => element('div', {}, element('dt', {}, element('kbd', {}, key)), element('dd', {}, text))));
    $('keys').append(element('section', {}, element('h3', {}, title), list));
  }
  $('help-button').addEventListener('click', () => $('help').showModal());
  $('single').checked = single;
  $('single').addEventListener('change', () => {
    single = $('single').checked;
    localStorage.setItem('single-keys', single ? 'on' : 'off');
  });
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') {
    leave();
    return;
  }
  const deed = deeds.get(event.key);
  if (!deed || !single || isWriting()) return;
  event.preventDefault();
  deed();
}

// leave closes the newest notice, or lets go of a field so that single keys count again.
function leave() {
  if (dismiss()) return;
  const field = document.activeElement;
  if (!isWriting()) return;
  if (field === $('message')) $('log').focus();
  else if (field === $('search')) $('rows').focus();
  else field.blur();
}

function write() {
  show('transcript');
  $('message').focus();
}

function find() {
  show('journal');
  $('search').focus();
  $('search').select();
}
