// What goes wrong at the desk of a chat, as switches, and what it says of its agents.

import { $, setText } from './dom.js';
import { addFault, advance, heal, release, removeFault, setAvailability } from './desk.js';
import { on, state } from './state.js';
import * as rows from './faultrows.js';

const operations = [
  { name: 'availability', text: 'Is anyone there?' },
  { name: 'start', text: 'Ask for an agent' },
  { name: 'message', text: 'Say something' },
  { name: 'attachment', text: 'Send a file' },
  { name: 'screen', text: 'Answer about the screen' },
  { name: 'end', text: 'End' },
  { name: 'state', text: 'Is it still there?' },
  { name: 'events', text: 'Listen for events' },
  { name: 'medium', text: 'Fetch a file' },
];

export function begin() {
  rows.begin(operations, [], { addFault, release, removeFault });
  on('tenant', drawAvailability);
  $('heal').addEventListener('click', heal);
  $('says').addEventListener('change', () => setAvailability($('says').value));
  for (const button of document.querySelectorAll('[data-advance]')) button.addEventListener('click', () => advance(button.dataset.advance));
}

function drawAvailability() {
  const { availability } = state.info ?? {};
  if (!availability) return;
  if ($('says').value !== availability.mode) $('says').value = availability.mode;
  setText($('says-now'), availability.mode === 'agents' ? `now: ${availability.says}` : '');
}
