// The console of Talkdesk: conversations at the left, the one that is looked at in the middle, the journal at the right.

import { $ } from '../dom.js';
import { changed, on, recall, state } from '../state.js';
import { copy, copyAs, toggleFollow } from '../journal.js';
import { find, write } from '../keys.js';
import { forget, heal, heard, lookAround } from './account.js';
import { outward, perform } from './agent.js';
import { copies } from './copies.js';
import { show } from '../panes.js';
import { stay } from '../link.js';
import { turn } from './conversations.js';
import * as agent from './agent.js';
import * as conversations from './conversations.js';
import * as faults from './faults.js';
import * as form from '../form.js';
import * as frame from '../frame.js';
import * as journal from '../journal.js';
import * as keys from '../keys.js';
import * as panes from '../panes.js';
import * as transcript from './transcript.js';

// wordsOf are the words that an entry carries: those of a message, what is wrong with a request, what was done.
function wordsOf({ data, note, kind }) {
  if (kind === 'violation') return note;
  const body = data?.body;
  return body?.content ?? body?.payload?.content ?? body?.message ?? body?.error ?? data?.text ?? (kind === 'act' ? note : '');
}

const table = [
  ['Find your way', [
    ['1', 'Conversations', () => show('conversations', true)],
    ['2', 'Transcript', () => show('transcript', true)],
    ['3', 'Journal', () => show('journal', true)],
    ['4', 'Faults', () => show('faults', true)],
    ['j', 'Next conversation', () => turn(1)],
    ['k', 'Previous conversation', () => turn(-1)],
    ['?', 'This help', () => $('help').showModal()],
    ['Escape', 'Close a notice; leave the field', null],
  ]],
  ['As the agent', [
    ['c', 'Start a conversation', outward],
    ['m', 'Write a message', write],
    ['u', 'Send a file (upload)', () => perform('file')],
    ['e', 'End the conversation', () => perform('end')],
  ]],
  ['In the journal', [
    ['/', 'Search', find],
    ['p', 'Follow, or stand still (pause)', toggleFollow],
    ['y', 'Copy what is shown of the entry', copy],
    ['w', 'Copy what waits for such an entry', () => copyAs('wait')],
  ]],
  ['Break and heal', [
    ['h', 'Heal: remove all faults', heal],
    ['x', 'Let 10 minutes pass: tokens grow old', () => document.querySelector('[data-advance="10m"]').click()],
  ]],
];

recall();
for (const part of [frame, panes, conversations, transcript, agent, faults, form]) part.begin();
keys.begin(table);
journal.begin({
  desk: ['identity', 'api', 'storage', 'webhook'], parties: ['connector', 'identity', 'api', 'storage', 'webhook', 'agent', 'kit'], copies, words: wordsOf,
  nothing: 'Nothing has crossed yet. Whatever a connector asks of Talkdesk, and what it is told, is recorded here.',
});
on('tenant', () => {
  document.title = `${state.info?.conversations.open ? `(${state.info.conversations.open}) ` : ''}Talkdesk · deskcheck`;
});

changed('tenants', 'account', 'conversations', 'conversation', 'faults', 'link', 'journal');
stay({ forget, heard, lookAround });
