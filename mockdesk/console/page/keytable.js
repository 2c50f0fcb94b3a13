// The keys of the desk of a chat.

import { $ } from './dom.js';
import { copy, copyAs, toggleFollow } from './journal.js';
import { find, write } from './keys.js';
import { reachWaiting, step } from './conversations.js';
import { heal } from './desk.js';
import { perform } from './composer.js';
import { show } from './panes.js';

export const table = [
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
