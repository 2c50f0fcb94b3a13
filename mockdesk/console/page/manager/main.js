// The console of an agent manager: people and conversations at the left, the conversation that is looked at in the middle, the journal at the right.

import { $ } from '../dom.js';
import { changed, on, recall, state } from '../state.js';
import { copy, copyAs, toggleFollow } from '../journal.js';
import { find, write } from '../keys.js';
import { forget, heal, heard, lookAround } from './floor.js';
import { newcomer, perform } from './customer.js';
import { copies } from './copies.js';
import { show } from '../panes.js';
import { stay } from '../link.js';
import { turn } from './people.js';
import * as customer from './customer.js';
import * as faults from './faults.js';
import * as form from '../form.js';
import * as frame from '../frame.js';
import * as journal from '../journal.js';
import * as keys from '../keys.js';
import * as panes from '../panes.js';
import * as people from './people.js';
import * as transcript from './transcript.js';

// wordsOf are the words that an entry carries: those of a message, the state of an agent, what the manager complains of.
function wordsOf({ data, note, kind }) {
  if (kind === 'violation') return note;
  const payload = data?.payload ?? data;
  let event = payload?.cimEvent;
  if (typeof event === 'string') event = JSON.parse(event);
  if (event) return [event.name, event.data?.body?.markdownText].filter(Boolean).join(': ');
  return payload?.agentPresence?.state?.name ?? payload?.msg ?? payload?.state?.name ?? (kind === 'act' ? note : '');
}

const table = [
  ['Find your way', [
    ['1', 'People and conversations', () => show('conversations', true)],
    ['2', 'Transcript', () => show('transcript', true)],
    ['3', 'Journal', () => show('journal', true)],
    ['4', 'Faults', () => show('faults', true)],
    ['j', 'Next conversation', () => turn(1)],
    ['k', 'Previous conversation', () => turn(-1)],
    ['?', 'This help', () => $('help').showModal()],
    ['Escape', 'Close a notice; leave the field', null],
  ]],
  ['As the customer', [
    ['c', 'A customer comes', newcomer],
    ['m', 'Write a message', write],
    ['t', 'Type', () => perform('type')],
    ['r', 'Read what the agent wrote', () => perform('read')],
    ['s', 'Say something other than a text', () => perform('sample')],
    ['l', 'Leave', () => perform('leave')],
  ]],
  ['In the journal', [
    ['/', 'Search', find],
    ['p', 'Follow, or stand still (pause)', toggleFollow],
    ['y', 'Copy what is shown of the entry', copy],
    ['w', 'Copy what waits for such an entry', () => copyAs('wait')],
  ]],
  ['Break and heal', [
    ['h', 'Heal: nothing is out of order any more', heal],
    ['x', 'Let 5 seconds pass', () => document.querySelector('[data-advance="5s"]').click()],
  ]],
];

recall();
for (const part of [frame, panes, people, transcript, customer, faults, form]) part.begin();
keys.begin(table);
journal.begin({
  desk: 'agent-manager', parties: ['agent-desk', 'agent-manager', 'customer', 'kit'], copies, words: wordsOf,
  nothing: 'Nothing has crossed yet. Whatever an agent desk sends to the manager is recorded here.',
});
on('tenant', () => {
  document.title = `${state.info?.conversations.open ? `(${state.info.conversations.open}) ` : ''}agent manager · deskcheck`;
});

changed('tenants', 'agents', 'conversations', 'conversation', 'faults', 'announcements', 'link', 'journal');
stay({ forget, heard, lookAround });
