// What the agent who sits here can do in the conversation that is looked at.

import { $, setText } from './dom.js';
import { agentName, isIn, on, state } from './state.js';
import { act, actAs, changeUploads, lookAtConversation, sendFile } from './desk.js';
import { askFor } from './form.js';

// pausesAfter is for how long nothing must be typed until the user is told that the agent has stopped, in milliseconds.
const pausesAfter = 3000;

const drafts = new Map(); // by conversation: what was written and not said yet
let typing = ''; // the conversation whose user was told that we type
let stopTimer;

const goesOn = () => state.conversation && state.conversation.state !== 'ended';
const within = () => goesOn() && isIn(state.me);
const waits = () => state.conversation?.state === 'waiting';
const screenIn = (...states) => state.conversation?.screens.some((screen) => states.includes(screen.state));

// deeds are what the buttons do, by their ids: when each can be done, and what it does. One that is optional is only seen when it can be done.
export const deeds = {
  join: { can: () => goesOn() && !isIn(state.me), work: join },
  leave: { can: within, work: () => actAs('leave', {}, 'You have left') },
  read: { can: within, work: () => actAs('read', {}, 'The user is told that you have read all') },
  file: { can: within, work: () => $('file-input').click() },
  transfer: { can: within, work: transfer },
  'fail-transfer': { can: () => goesOn() && state.conversation.transferringFrom, optional: true, work: failTransfer },
  'ask-screen': { can: () => goesOn() && !screenIn('asked', 'accepted'), work: () => actAs('ask-screen', {}, 'The user is asked for the screen') },
  'withdraw-screen': { can: () => goesOn() && screenIn('asked'), optional: true, work: () => actAs('withdraw-screen', {}, 'The question is taken back') },
  'stop-screen': { can: () => goesOn() && screenIn('accepted'), optional: true, work: () => actAs('stop-screen', {}, 'The screen share is over') },
  end: { can: goesOn, work: end },
  'queue-update': { can: waits, work: queueUpdate },
  reroute: { can: waits, work: reroute },
  'close-queue': { can: waits, work: closeQueue },
  notice: { can: goesOn, work: notice },
  uploads: { can: goesOn, work: () => changeUploads(!state.conversation.uploads.allowed) },
  'cut-sockets': { can: () => state.conversation?.sockets > 0, work: () => act('cut-sockets', {}, 'The connections are cut') },
  emit: { can: () => state.conversation, work: emit },
  expire: { can: goesOn, work: expire },
};

export function begin() {
  on('conversation selected agents me', draw);
  on('selected', bringDraft);
  for (const [name, deed] of Object.entries(deeds)) $(name).addEventListener('click', deed.work);
  $('composer').addEventListener('submit', submit);
  $('message').addEventListener('keydown', key);
  $('message').addEventListener('input', typed);
  $('file-input').addEventListener('change', sendFiles);
  $('transcript').addEventListener('dragover', (event) => within() && event.preventDefault());
  $('transcript').addEventListener('drop', drop);
}

// perform does what the key of a button does, and says whether it could be done now.
export function perform(name) {
  if (!deeds[name].can()) return false;
  deeds[name].work();
  return true;
}

function draw() {
  for (const [name, { can, optional }] of Object.entries(deeds)) {
    const button = $(name);
    button.disabled = !can();
    if (optional) button.hidden = button.disabled;
  }
  // One of them is always there, whichever fits.
  $('transfer').hidden = !$('fail-transfer').hidden;
  $('ask-screen').hidden = screenIn('asked', 'accepted') ?? false;
  setText($('uploads'), state.conversation?.uploads.allowed === false ? 'Allow files' : 'Allow no files');
  const message = $('message');
  message.disabled = !within();
  $('send').disabled = !within();
  message.placeholder = within() ? `Write as ${agentName(state.me)}` : goesOn() ? 'Join to write' : '';
}

let drafted = '';
function bringDraft() {
  const message = $('message');
  if (drafted) drafts.set(drafted, message.value);
  drafted = state.selected;
  message.value = drafts.get(drafted) ?? '';
}

async function join() {
  if (!(await actAs('join', {}, 'You have joined'))) return;
  await lookAtConversation();
  draw();
  $('message').focus();
}

async function submit(event) {
  event.preventDefault();
  const message = $('message');
  const text = message.value;
  if (!text.trim() || !within()) return;
  message.value = '';
  forgetTyping();
  const conversation = state.selected;
  if (await actAs('say', { text })) return;
  // What could not be said is given back, unless something else was begun meanwhile.
  if (state.selected === conversation && !message.value) message.value = text;
}

function key(event) {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
}

function typed() {
  if (!within()) return;
  clearTimeout(stopTimer);
  stopTimer = setTimeout(stopTyping, pausesAfter);
  if (typing === state.selected) return;
  typing = state.selected;
  actAs('type', { typing: true });
}

function stopTyping() {
  const told = typing === state.selected && within();
  forgetTyping();
  if (told) actAs('type', { typing: false });
}

function forgetTyping() {
  clearTimeout(stopTimer);
  typing = '';
}

async function sendFiles() {
  const input = $('file-input');
  const files = [...input.files];
  input.value = '';
  for (const file of files) await sendFile(file);
}

async function drop(event) {
  event.preventDefault();
  if (!within()) return;
  for (const file of event.dataTransfer.files) await sendFile(file);
}

async function transfer() {
  const others = state.agents.filter((agent) => agent.id !== state.me);
  const choices = [{ value: '', text: 'whoever will come' }, ...others.map((agent) => ({ value: agent.id, text: agent.online ? agent.name : `${agent.name} (offline)` }))];
  const given = await askFor('Transfer the user', [{ name: 'to', label: 'To', type: 'select', choices, hint: 'You stay in the conversation until you leave. The transfer is complete when another agent joins.' }], 'Transfer');
  if (given) actAs('transfer', given, 'The user is told of the transfer');
}

const reason = { name: 'reason', label: 'Reason, a sentence for the user (may be empty)' };

async function failTransfer() {
  const given = await askFor('Let the transfer fail', [reason]);
  if (given) act('fail-transfer', given, 'The transfer has failed');
}

async function end() {
  const choices = [{ value: 'desk', text: 'the desk' }];
  if (within()) choices.unshift({ value: 'agent', text: agentName(state.me) });
  const given = await askFor('End the conversation', [{ name: 'by', label: 'In the name of', type: 'select', choices }, { ...reason, only: { by: 'desk' } }]);
  if (given) await act('end', given.by === 'agent' ? { ...given, agent: state.me } : given, 'The conversation is over');
}

async function queueUpdate() {
  const given = await askFor('Tell where the user stands', [
    { name: 'position', label: 'Place in the queue', type: 'number', min: 1, value: 2 },
    { name: 'wait', label: 'Estimated wait, in seconds', type: 'number' },
    { name: 'notice', label: 'A sentence to show' },
  ], 'Tell');
  if (!given) return;
  if (given.wait !== undefined) given.wait = `${given.wait}s`;
  act('queue-update', given, 'The user is told');
}

async function reroute() {
  const given = await askFor('Move the user to another queue', [{ name: 'queue', label: 'Queue', required: true }, { name: 'position', label: 'Place in it', type: 'number', min: 1, value: 1 }], 'Move');
  if (given) act('reroute', given, `The user waits in ${given.queue}`);
}

async function closeQueue() {
  const given = await askFor('Tell that nobody will come', [reason], 'Tell');
  if (given) act('close-queue', given, 'The user is told that nobody will come');
}

async function notice() {
  const given = await askFor('Say something as the desk', [{ name: 'text', label: 'Line', type: 'textarea', required: true }], 'Say');
  if (given) act('notice', given, 'The desk has spoken');
}

async function emit() {
  const given = await askFor('Send any event, whatever the state', [
    { name: 'type', label: 'Type', required: true, value: 'message' },
    { name: 'data', label: 'Fields, as a JSON object', type: 'object', value: '{}', hint: 'The desk itself sets cursor, type and at.' },
  ], 'Send');
  if (given) act('emit', { data: {}, ...given }, `Sent the event ${given.type}`);
}

async function expire() {
  const given = await askFor('Forget the conversation without a word', [], 'Forget it');
  if (given) act('expire', {}, 'The conversation is forgotten');
}
