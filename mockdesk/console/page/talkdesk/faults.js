// What goes wrong at Talkdesk, as switches, and what an administrator changes of the account.

import { $, arrange, element } from '../dom.js';
import { addFault, advance, failFiles, heal, release, removeFault, revoke, setStatus } from './account.js';
import { on, state } from '../state.js';
import { askFor } from '../form.js';
import * as rows from '../faultrows.js';

const operations = [
  { name: 'token', text: 'Ask for a token' },
  { name: 'start', text: 'Start a conversation' },
  { name: 'message', text: 'Send a message' },
  { name: 'end', text: 'End a conversation' },
  { name: 'upload-link', text: 'Ask where to upload' },
  { name: 'upload', text: 'Upload a file' },
  { name: 'create', text: 'Make an attachment of it' },
  { name: 'attachment', text: 'Look at an attachment' },
  { name: 'download-link', text: 'Ask where to download' },
  { name: 'download', text: 'Download a file' },
];

// more are switches that only Talkdesk has.
const more = [
  { name: 'unauthorized', text: '401', says: 'Refuse with 401', fault: { kind: 'refuse', status: 401 } },
  { name: 'too-many', text: '429', says: 'Refuse with 429', fault: { kind: 'refuse', status: 429 } },
];

export function begin() {
  rows.begin(operations, more, { addFault, release, removeFault });
  on('account', drawTouchpoints);
  $('heal').addEventListener('click', heal);
  $('revoke').addEventListener('click', revoke);
  $('fail-files').addEventListener('click', askWhy);
  for (const button of document.querySelectorAll('[data-advance]')) button.addEventListener('click', () => advance(button.dataset.advance));
}

const called = ({ id, name }) => name || id;

function drawTouchpoints() {
  arrange($('touchpoints'), state.account?.touchpoints ?? [], {
    key: ({ id }) => id,
    make: (one) => element('button', { type: 'button', class: 'switch', role: 'switch', 'data-touchpoint': one.id, 'aria-label': `The touchpoint ${called(one)} is inactive`, title: one.id, click: () => flip(one.id) }, `${called(one)} inactive`),
    update: (button, one) => button.setAttribute('aria-checked', String(!one.active)),
  });
}

function flip(touchpoint) {
  const { active } = state.account.touchpoints.find(({ id }) => id === touchpoint);
  setStatus(touchpoint, !active);
}

async function askWhy() {
  const given = await askFor('Do not take the files of the next message', [{ name: 'reason', label: 'Reason, as the connector is told', required: true, value: 'The file could not be scanned.' }], 'Do not take them');
  if (given) failFiles(given.reason);
}
