// What the agent can do in the conversation that is looked at, and how one is started.

import { $ } from '../dom.js';
import { act, emit, lookAtConversation, sendFile, start } from './account.js';
import { on, state } from '../state.js';
import { askFor } from '../form.js';

const goesOn = () => state.conversation?.state === 'open';
const sendsFiles = () => goesOn() && state.account?.touchpoints.find(({ id }) => id === state.conversation.touchpoint)?.files.agentCanSend;

// deeds are what the buttons do, by their ids: when each can be done, and what it does.
const deeds = {
  file: { can: sendsFiles, work: () => $('file-input').click() },
  emit: { can: () => state.conversation, work: anyWebhook },
  'end-silently': { can: goesOn, work: () => act('end-silently', {}, 'Ended; the connector is not told') },
  end: { can: goesOn, work: () => act('end', {}, 'The conversation is ended') },
};

const drafts = new Map(); // by conversation: what was written and not said yet
let drafted = '';

export function begin() {
  on('conversation selected account', draw);
  on('selected', bringDraft);
  for (const [name, deed] of Object.entries(deeds)) $(name).addEventListener('click', deed.work);
  $('outward').addEventListener('click', outward);
  $('composer').addEventListener('submit', submit);
  $('message').addEventListener('keydown', key);
  $('file-input').addEventListener('change', sendFiles);
  $('transcript').addEventListener('dragover', (event) => sendsFiles() && event.preventDefault());
  $('transcript').addEventListener('drop', drop);
}

// perform does what the key of a button does, and says whether it could be done now.
export function perform(name) {
  if (!deeds[name].can()) return false;
  deeds[name].work();
  return true;
}

function draw() {
  for (const [name, { can }] of Object.entries(deeds)) $(name).disabled = !can();
  $('message').disabled = $('send').disabled = !goesOn();
  $('message').placeholder = goesOn() ? 'Write as the agent' : '';
}

function bringDraft() {
  const message = $('message');
  if (drafted) drafts.set(drafted, message.value);
  drafted = state.selected;
  message.value = drafts.get(drafted) ?? '';
}

async function submit(event) {
  event.preventDefault();
  const message = $('message');
  const text = message.value;
  if (!text.trim() || !goesOn()) return;
  message.value = '';
  const conversation = state.selected;
  if (await act('say', { text })) return;
  // What could not be said is given back, unless something else was begun meanwhile.
  if (state.selected === conversation && !message.value) message.value = text;
}

function key(event) {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
}

async function sendFiles() {
  const input = $('file-input');
  const files = [...input.files];
  input.value = '';
  for (const file of files) await sendFile(file);
}

async function drop(event) {
  event.preventDefault();
  if (!sendsFiles()) return;
  for (const file of event.dataTransfer.files) await sendFile(file);
}

// outward asks with whom a conversation is to be started, and starts it.
export async function outward() {
  const active = (state.account?.touchpoints ?? []).filter((one) => one.active).map(({ id, name }) => ({ value: id, text: name ? `${name} (${id})` : id }));
  const given = await askFor('Start a conversation', [
    { name: 'email', label: 'E-mail address of the contact', required: true, value: 'ann@example.test' },
    { name: 'touchpoint', label: 'At the touchpoint', type: 'select', choices: active },
    { name: 'user', label: 'Agent', value: 'Dana' },
    { name: 'subject', label: 'Subject (may be empty)' },
  ], 'Start');
  if (!given || !(await start(given))) return;
  await lookAtConversation();
  draw();
  $('message').focus();
}

// anyWebhook calls the webhook with anything; to begin with, a message of this conversation.
async function anyWebhook() {
  const event = { event_type: 'MESSAGE_CREATED', conversation_id: state.selected, timestamp: new Date().toISOString(), payload: { id: crypto.randomUUID(), content: 'Hello', created_at: new Date().toISOString(), author: { name: 'Dana', type: 'AGENT' } } };
  const given = await askFor('Call the webhook, held against nothing', [
    { name: 'text', label: 'Body', type: 'textarea', value: JSON.stringify(event, null, 2), hint: 'Sent as it is written, whether or not it is JSON.' },
    { name: 'headers', label: 'Headers, as JSON (may be empty)', type: 'object', hint: 'A header that is null is taken away, such as {"Authorization": null}.' },
    { name: 'method', label: 'Method', value: 'POST' },
  ], 'Call');
  if (given) emit({ text: '', ...given, conversation: state.selected });
}
