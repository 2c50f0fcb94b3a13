// A scenario in the kit's own sentences (deskcheck list steps) that leads to an entry of the journal: what was done before it, and what is to be seen after it.

import * as record from './record.js';

// objects are what the sentences about faults call the requests, by method and what the path ends with.
const objects = [
  { method: 'GET', path: /\/availability$/, called: 'availability queries' },
  { method: 'PUT', path: /\/conversations\/[^/]+$/, called: 'new conversations' },
  { method: 'PUT', path: /\/messages\/[^/]+$/, called: 'messages' },
  { method: 'PUT', path: /\/attachments\/[^/]+$/, called: 'uploads' },
  { method: 'DELETE', path: /\/conversations\/[^/]+$/, called: 'endings' },
  { method: 'PUT', path: /\/screens\/[^/]+$/, called: 'answers about the screen' },
];

const objectOf = (data) => objects.find(({ method, path }) => data?.method === method && path.test(data.path))?.called;

// scenario writes the scenario of an entry.
export function scenario(entry) {
  const story = entry.conversation ? record.story(entry.conversation, entry.seq) : [entry];
  const told = new Set();
  const steps = ['Given the chat is open'];
  let talking = false;
  for (const one of story) {
    const happened = doneBy(one, { told, talking });
    if (one.kind === 'act' && one.name === 'agent.joined') talking = true;
    steps.push(...happened);
  }
  const outcome = seenAfter(entry);
  return ['Feature: From the journal of a desk', `  Scenario: ${titleOf(entry)}`, ...ordered([...steps, ...outcome])].join('\n');
}

function titleOf(entry) {
  return `${entry.name} (entry ${entry.seq})`.replaceAll(/\s+/g, ' ');
}

// ordered puts And in place of a keyword that repeats, and indents.
function ordered(steps) {
  let before = '';
  return steps.map((step) => {
    const [, keyword, rest] = /^(Given|When|Then) ([^]*)$/.exec(step) ?? [];
    if (!keyword) return `    ${step}`;
    const shown = keyword === before ? 'And' : keyword;
    before = keyword;
    return `    ${shown} ${rest}`;
  });
}

// quoted is a sentence that ends with a text of one line.
function quoted(sentence, text) {
  const line = `${sentence} "${text.replaceAll(/\s*\n\s*/g, ' ')}"`;
  return text.includes('\n') ? ['# It had several lines.', line] : [line];
}

// said is a sentence about the user's words: they stand in quotes, or below it where they have several lines.
function said(sentence, text) {
  if (!text.includes('\n')) return quoted(sentence, text);
  return [`${sentence}\n      """\n      ${text.replaceAll('"""', '\\"\\"\\"').split('\n').join('\n      ')}\n      """`];
}

// named is how a sentence names an agent: in quotes, and so without any in the name.
const named = (agent) => `"${(agent?.name ?? '').replaceAll(/["\s]+/g, (found) => (found.includes('"') ? "'" : ' '))}"`;

// doneBy is what an entry says that somebody did, as sentences; none for what only follows from it.
function doneBy(entry, context) {
  if (entry.kind === 'request') return userDid(entry, context);
  if (entry.kind === 'act' && entry.data?.event) return deskDid(entry.data.event, actorOf(entry));
  if (entry.name === 'conversation.expired') return ['# The desk forgets the conversation: no sentence says that.'];
  if (entry.kind === 'clock') return passed(entry);
  if (entry.kind === 'closed' && entry.from === 'desk' && entry.data?.code === 1006) return ['When the link drops'];
  if (entry.kind === 'frame' && entry.from === 'integration' && entry.name === 'typing' && entry.data?.body?.typing) return ['# The user types: When the user types "…" and does not send it'];
  return [];
}

// actorOf is the agent whom only the note of an act names.
const actorOf = (entry) => ({ name: /^(.*) (?:ends the conversation|has read what the user wrote)\.$/.exec(entry.note ?? '')?.[1] });

function passed(entry) {
  const seconds = secondsOf(lapse(entry));
  return seconds > 0 ? [`When ${seconds} seconds pass`] : [];
}

// lapse is the length of time that an entry of the clock lets pass, as its note says it.
export const lapse = (entry) => /: (.*)\.$/.exec(entry.note ?? '')?.[1] ?? '';

const units = { h: 3600, m: 60, s: 1, ms: 0.001 };

// secondsOf reads a duration as Go writes it: 1m30s.
function secondsOf(duration) {
  let seconds = 0;
  for (const [, number, unit] of String(duration).matchAll(/([\d.]+)(ms|h|m|s)/g)) seconds += Number(number) * units[unit];
  return Math.round(seconds);
}

// userDid is what the user did for the integration to send the request. The same request again is the integration's own doing.
function userDid(entry, { told, talking }) {
  const object = objectOf(entry.data);
  const address = `${entry.data?.method} ${entry.data?.path}`;
  if (!object || told.has(address)) return [];
  told.add(address);
  const { body } = entry.data;
  const fault = faultOf(entry, object);
  switch (object) {
    case 'availability queries':
      return [...fault, ...availability(entry), 'When the user asks for an agent'];
    case 'new conversations':
      return [...(body?.queue ? [`Given the assistant hands over to the queue "${body.queue}"`] : []), ...fault, 'When the user requests an agent'];
    case 'messages':
      return [...fault, ...said('When the user says', body?.text ?? '')];
    case 'uploads':
      return [...fault, `When the user attaches "${nameOf(entry)}"`, 'When the user sends the files'];
    case 'endings':
      return [...fault, talking ? 'When the user ends the chat' : 'When the user cancels the request'];
    default:
      return [...fault, { accepted: 'When the user agrees to share the screen', declined: 'When the user declines to share the screen', stopped: 'When the user stops sharing the screen' }[body?.state] ?? '# What became of the question for the screen has no sentence.'];
  }
}

const nameOf = (entry) => new URLSearchParams(entry.data.query).get('name') ?? 'file.txt';

function availability(entry) {
  const status = record.answerTo(entry)?.data?.body?.status;
  const word = { online: 'online', offline: 'offline', unknown: 'undeterminable' }[status];
  return word ? [`Given the desk says that agents are ${word}`] : [];
}

// faultOf is the fault that a request has met, as far as its answer shows it.
function faultOf(entry, object) {
  const answer = record.answerTo(entry);
  if (!answer) return [];
  const { status, body } = answer.data ?? {};
  if (status >= 400 && body?.type === 'urn:deskcheck:problem:refused') return [`Given the desk refuses ${object} with ${status}`];
  if (status === 0 && answer.note?.includes('before the desk did anything')) return [`Given the desk cuts off ${object}`];
  if (status === 0 && answer.note?.includes('never to answer')) return [`Given the desk never answers ${object}`];
  if (status === 0 && answer.note?.includes('in place of the answer') && object === 'messages') return ['Given the desk loses its reply to the next message'];
  if (status === 0 && answer.note?.includes('in place of the answer') && object === 'uploads') return ['Given the desk loses its reply to the next upload'];
  return [];
}

// deeds are the sentences for what agents and the desk do, by the event that it causes.
const deeds = {
  'agent.joined': ({ agent }) => [`When ${named(agent)} joins`],
  'agent.left': ({ agent }) => [`When ${named(agent)} leaves`],
  'agent.typing': ({ agent, typing }) => [`When ${named(agent)} ${typing ? 'types' : 'stops typing'}`],
  'agent.transferring': ({ from, to }) => [`When ${named(from)} transfers the user to ${to ? named(to) : 'whoever is free'}`],
  'transfer.failed': () => ['When the transfer fails'],
  'queue.updated': ({ position, waitSeconds, queue }) => [
    ...(queue === undefined ? [] : [`When the desk moves the request to the queue "${queue}"`]),
    ...(position === undefined || queue !== undefined ? [] : [`When the desk reports position ${position}`]),
    ...(waitSeconds === undefined ? [] : [`When the desk reports a wait of ${waitSeconds} seconds`]),
  ],
  'queue.closed': () => ['When the desk closes the queue'],
  'screen.requested': ({ agent }) => [`When ${named(agent)} asks to see the screen`],
  'screen.withdrawn': ({ agent }) => [`When ${named(agent)} no longer asks to see the screen`],
  'screen.stopped': ({ agent }) => [`When ${named(agent)} stops the screen share`],
  'uploads.changed': ({ uploads }) => [uploads?.allowed ? 'When the desk takes files' : 'When the desk takes no files'],
  'messages.read': (event, actor) => [`When ${named(actor)} reads the messages`],
  'conversation.ended': ({ by }, actor) => [by === 'agent' ? `When ${named(actor)} ends the conversation` : 'When the conversation is closed at the desk'],
  message: ({ author, text, format, items }) => {
    if (items) return ['# The line has several parts: see "deskcheck list steps sends".'];
    if (author?.role === 'desk') return quoted('When the desk posts the notice', text.replaceAll('"', "'"));
    return quoted(`When ${named(author)} ${format === 'html' ? 'sends the HTML' : 'says'}`, text);
  },
};

function deskDid(event, actor) {
  const deed = deeds[event.type];
  if (deed) return deed(event, actor);
  const { cursor: _cursor, type: _type, at: _at, ...fields } = event;
  return [`When the desk sends the event "${event.type}" with ${JSON.stringify(fields)}`];
}

// seenAfter is what is to be seen when the entry has crossed.
function seenAfter(entry) {
  const event = entry.kind === 'act' ? entry.data?.event : entry.kind === 'frame' ? entry.data?.body : undefined;
  if (event) return seen[event.type]?.(event) ?? open;
  const request = entry.kind === 'response' ? record.numbered(entry.ref) : entry;
  if (request?.kind !== 'request') return open;
  const { body } = request.data;
  switch (objectOf(request.data)) {
    case 'availability queries':
      return [availability(request)[0]?.endsWith('online') ? 'Then the user sees the connect card' : 'Then the user sees that no agents are available'];
    case 'new conversations':
      return ['Then the user sees the waiting banner'];
    case 'messages':
      return said('Then the desk has received', body?.text ?? '');
    case 'endings':
      return ['Then the conversation is over at the desk within 5 seconds'];
    default:
      return open;
  }
}

const open = ['# Then …: "deskcheck list steps" says what can be asked.'];

const seen = {
  'agent.joined': ({ agent }) => [`Then the user sees that ${named(agent)} has joined`],
  'agent.left': ({ agent }) => [`Then the user sees that ${named(agent)} has left`],
  'agent.typing': ({ typing }) => [typing ? 'Then the user sees that an agent types' : 'Then the user sees within 2 seconds that nobody types'],
  'queue.updated': ({ position }) => (position === undefined ? ['Then the user sees the waiting banner'] : [`Then the user sees "${position}" in the banner`]),
  'screen.requested': () => ['Then the user is asked for the screen'],
  'screen.withdrawn': () => ['Then the user is no longer asked for the screen'],
  'screen.stopped': () => ['Then the user sees that the screen is no longer shared'],
  'conversation.ended': () => ['Then the user sees that the chat has ended'],
  message: ({ author, text, items }) => (items || text.includes('\n') ? open : author?.role === 'user' ? said('Then the desk has received', text) : [`Then the user reads "${text}"`]),
};
