// What the customer whose conversation is looked at can do, and the system in it.

import { $ } from '../dom.js';
import { act, change, choicesOf, come, lookAtConversation } from './floor.js';
import { on, state } from '../state.js';
import { askFor } from '../form.js';
import { complain } from '../notices.js';
import { nameOf } from './people.js';

const writes = () => state.conversation && !['CLOSED', 'CUSTOMER_LEFT', 'WRAP_UP'].includes(state.conversation.stage);
const goesOn = () => state.conversation && state.conversation.stage !== 'CLOSED';
const got = () => writes() && state.events.some((event) => event.name === 'AGENT_MESSAGE');

// deeds are what the buttons do, by their ids: when each can be done, and what it does. One that is optional is only seen when it can be done.
const deeds = {
  type: { can: writes, work: () => act('type', {}, 'The agents are told that the customer types') },
  read: { can: got, work: () => act('deliver', { status: 'READ' }, 'Read') },
  deliver: { can: got, work: () => act('deliver', { status: 'DELIVERED' }, 'Delivered') },
  fail: { can: got, work: () => act('deliver', { status: 'FAILED' }, 'Not delivered') },
  sample: { can: writes, work: sample },
  open: { can: writes, work: open },
  identify: { can: writes, work: identify },
  return: { can: () => state.conversation?.stage === 'CLOSED', optional: true, work: comeAgain },
  leave: { can: writes, work: () => act('leave', {}, 'The customer has left') },
  suggest: { can: goesOn, work: suggest },
  data: { can: goesOn, work: changeData },
  sla: { can: goesOn, work: sla },
  close: { can: goesOn, work: close },
};

const drafts = new Map(); // by conversation: what was written and not said yet
let drafted = '';

export function begin() {
  on('conversation selected', draw);
  on('selected', bringDraft);
  for (const [name, deed] of Object.entries(deeds)) $(name).addEventListener('click', deed.work);
  $('newcomer').addEventListener('click', newcomer);
  $('composer').addEventListener('submit', submit);
  $('message').addEventListener('keydown', key);
}

// perform does what the key of a button does, and says whether it could be done now.
export function perform(name) {
  if (!deeds[name].can()) return false;
  deeds[name].work();
  return true;
}

function draw() {
  for (const [name, { can, optional }] of Object.entries(deeds)) {
    $(name).disabled = !can();
    if (optional) $(name).hidden = $(name).disabled;
  }
  $('message').disabled = $('send').disabled = !writes();
  $('message').placeholder = writes() ? `Write as ${nameOf(state.conversation)}` : '';
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
  if (!text.trim() || !writes()) return;
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

const named = (things) => things.map(({ name }) => ({ value: name, text: name }));

// coming are the fields that say how a customer comes.
async function coming() {
  const [queues, lists, channels] = await Promise.all(['queues', 'lists', 'channels'].map(choicesOf));
  return [
    { name: 'text', label: 'Says', value: 'Hello, where is my lamp?' },
    { name: 'place', label: 'Waits in', type: 'select', choices: [...queues.map(({ name }) => ({ value: `queue:${name}`, text: `the queue ${name}` })), ...lists.map(({ name }) => ({ value: `list:${name}`, text: `the list ${name}, until an agent takes it` })), { value: '', text: 'no queue: every agent can have it' }] },
    { name: 'channel', label: 'Comes by', type: 'select', choices: named(channels) },
  ];
}

function requestOf({ text, place = '', channel }) {
  const [kind, name] = place.split(/:(.*)/);
  return { channel, says: text ? { text } : undefined, queue: kind === 'queue' ? name : undefined, ...(kind === 'list' ? { routing: 'PULL', list: name } : {}) };
}

// newcomer asks who comes, and has them come.
export async function newcomer() {
  const fields = await coming().catch(complain);
  if (!fields) return;
  const given = await askFor('A customer comes', [{ name: 'firstName', label: 'First name', required: true, value: 'Kim' }, ...fields], 'Come');
  if (!given) return;
  if (!(await come({ firstName: given.firstName, ...requestOf(given) }))) return;
  await lookAtConversation();
  draw();
  $('message').focus();
}

async function comeAgain() {
  const fields = await coming().catch(complain);
  const given = fields && await askFor('The customer comes again', fields, 'Come');
  if (given) act('start', requestOf(given), 'The customer has come again');
}

async function sample() {
  const samples = await choicesOf('samples').catch(complain);
  if (!samples) return;
  const given = await askFor('Say something other than a text', [
    { name: 'sample', label: 'Type', type: 'select', choices: samples.map(({ type }) => ({ value: type, text: type })), value: 'IMAGE', hint: 'A sample of the type is said, unless a body is given.' },
    { name: 'body', label: 'Body, as JSON (may be empty)', type: 'object' },
  ], 'Say it');
  if (given) act('say', given.body ? { body: given.body } : { sample: given.sample }, 'Said');
}

async function open() {
  const channels = await choicesOf('channels').catch(complain);
  const given = channels && await askFor('The customer writes through another channel as well', [{ name: 'channel', label: 'Channel', type: 'select', choices: named(channels) }], 'Write');
  if (given) act('open', given, `The customer writes through ${given.channel}`);
}

async function identify() {
  const given = await askFor('The customer turns out to be somebody', [{ name: 'firstName', label: 'First name', required: true, value: state.conversation.customer.firstName }, { name: 'lastName', label: 'Last name' }], 'Tell the agents');
  if (given) act('identify', given, 'The agents are told');
}

async function suggest() {
  const given = await askFor('A bot suggests an answer', [{ name: 'text', label: 'Answer', type: 'textarea', required: true }], 'Suggest');
  if (given) change('POST', 'suggest', { answers: [given] }, 'Suggested');
}

async function changeData() {
  const given = await askFor('Change what is known', [{ name: 'data', label: 'As a JSON object', type: 'object', required: true, value: JSON.stringify(state.conversation.data, null, 2) }], 'Change');
  if (given) change('PUT', 'data', given.data, 'The agents are told');
}

async function sla() {
  const given = await askFor('Time to answer', [{ name: 'seconds', label: 'Seconds; 0 ends it', type: 'number', value: 60 }], 'Set it');
  if (!given) return;
  if (given.seconds > 0) change('PUT', 'sla', given, 'The time runs');
  else change('DELETE', 'sla', undefined, 'The time is over');
}

async function close() {
  const given = await askFor('Close the conversation, as the system', [{ name: 'reason', label: 'Reason (may be empty)' }], 'Close');
  if (given) change('POST', 'close', given, 'It is closed');
}
