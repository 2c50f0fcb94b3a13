// An entry of the journal as something to be used elsewhere: a command, a scenario, or a rule of a wire.

import { at } from './asking.js';
import { lapse, scenario } from './gherkin.js';
import { rule } from './rule.js';
import { state } from './state.js';
import * as record from './record.js';

// copies are the forms that every entry has.
export const copies = { curl, scenario, rule };

// curl is the command that has the same happen again: a request of the integration as it was sent, an act of an agent or the desk by the control API.
function curl(entry) {
  const request = requestOf(entry);
  if (request) return wireCommand(request.data);
  if (entry.kind === 'act' && entry.data?.event) return actCommand(entry);
  if (entry.name === 'conversation.expired') return control('POST', at(`/conversations/${entry.conversation}/expire`), {});
  if (entry.kind === 'clock') return control('POST', at('/clock/advance'), { by: lapse(entry) });
  if (entry.kind === 'closed' && entry.from === 'desk') return control('POST', at(`/conversations/${entry.conversation}/cut-sockets`), {});
  if (entry.kind === 'frame') return streamCommand(entry);
  return `# No request and no act of the desk stands behind a ${entry.kind}.`;
}

// requestOf is the request of the integration that an entry is or belongs to.
function requestOf(entry) {
  for (let one = entry; one; one = one.ref ? record.numbered(one.ref) : undefined) if (one.kind === 'request') return one;
  return undefined;
}

const quote = (text) => `'${String(text).replaceAll("'", String.raw`'\''`)}'`;

const command = (parts) => parts.join(' \\\n  ');

// leftOut are headers that curl or the connection makes for itself; a socket is opened by a client that speaks WebSocket.
const leftOut = new Set(['upgrade', 'sec-websocket-protocol', 'sec-fetch-mode', 'content-length', 'connection', 'host']);

function wireCommand({ method, path, query, headers = {}, body }) {
  const parts = [`curl -i -X ${method} ${quote(wireAddress(path) + (query ? `?${query}` : ''))}`];
  for (const [name, value] of Object.entries(headers)) if (!leftOut.has(name.toLowerCase())) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  // The journal does not keep the bytes of a file.
  if (path.includes('/attachments/')) parts.push('--data-binary @FILE');
  else if (body !== undefined) parts.push(`--data-raw ${quote(typeof body === 'string' ? body : JSON.stringify(body))}`);
  return command(parts);
}

// wireAddress is where the tenant's desk has a path, which may name the tenant already.
function wireAddress(path) {
  const { url } = state.info.wire;
  return path.startsWith('/@') ? new URL(url).origin + path : url + path;
}

function control(method, path, body) {
  return command([`curl -i -X ${method} ${quote(location.origin + path)}`, '-H "Authorization: Bearer $DESKCHECK_DESK_TOKEN"', "-H 'Content-Type: application/json'", `--data-raw ${quote(JSON.stringify(body))}`]);
}

// acts give, by the event that they cause, the name of an act of the control API and what it takes.
const acts = {
  'agent.joined': ({ agent }) => ['join', { agent: agent.id }],
  'agent.left': ({ agent }) => ['leave', { agent: agent.id }],
  'agent.typing': ({ agent, typing }) => ['type', { agent: agent.id, typing }],
  'agent.transferring': ({ from, to }) => ['transfer', { agent: from?.id, to: to?.id }],
  'transfer.failed': ({ reason }) => ['fail-transfer', { reason }],
  'messages.read': () => ['read', {}],
  'queue.updated': ({ position, waitSeconds, notice, queue }) => (queue === undefined
    ? ['queue-update', { position, wait: waitSeconds === undefined ? undefined : `${waitSeconds}s`, notice }]
    : ['reroute', { queue, position }]),
  'queue.closed': ({ reason }) => ['close-queue', { reason }],
  'screen.requested': ({ agent }) => ['ask-screen', { agent: agent.id }],
  'screen.withdrawn': ({ agent }) => ['withdraw-screen', { agent: agent.id }],
  'screen.stopped': ({ agent }) => ['stop-screen', { agent: agent.id }],
  'attachment.checked': ({ id, outcome, reason }) => ['finish-check', { key: id, reason: outcome === 'failed' ? reason : undefined }],
  'conversation.ended': ({ by, reason }) => ['end', { by, reason }],
  message: ({ author, text, format, items }) => (author?.role === 'desk' ? ['notice', { text }] : ['say', { agent: author?.id, ...(items ? { items } : { text, format: format === 'html' ? format : undefined }) }]),
};

function actCommand(entry) {
  const { event } = entry.data;
  const [name, body] = acts[event.type]?.(event) ?? ['emit', { type: event.type, data: ownFields(event) }];
  return control('POST', at(`/conversations/${entry.conversation}/${name}`), body);
}

function ownFields({ cursor: _cursor, type: _type, at: _at, ...fields }) {
  return fields;
}

// streamCommand asks for what a frame held, as a poll does: curl does not speak WebSocket.
function streamCommand(entry) {
  const cursor = entry.data?.body?.cursor;
  const path = `/v1/conversations/${entry.conversation}/events?cursor=${cursor > 0 ? cursor - 1 : 0}`;
  return `# What came over the socket, asked for as a poll:\n${command([`curl -i ${quote(wireAddress('') + path)}`])}`;
}
