// An entry as a rule of a wire file: what would have a desk understand such a request or frame, or word such an event. It is a beginning, to be mended by who knows the wire.

import * as record from './record.js';

// meanings are what requests of the native wire mean, with the outcome that is usual and what the wire's own words are called in the answer.
const meanings = [
  { method: 'GET', path: /\/availability$/, means: 'availability', give: '{queue: query.queue}', outcome: 'told', result: ['status', 'waiting'] },
  { method: 'PUT', path: /\/conversations\/[^/]+$/, means: 'start', outcome: 'opened', conversation: ['id', 'state', 'uploads'] },
  { method: 'GET', path: /\/conversations\/[^/]+$/, means: 'state', outcome: 'told', conversation: ['id', 'state', 'cursor', 'agents', 'uploads'] },
  { method: 'DELETE', path: /\/conversations\/[^/]+$/, means: 'end', outcome: 'ended' },
  { method: 'PUT', path: /\/messages\/[^/]+$/, means: 'message', outcome: 'stored', result: ['key', 'cursor'] },
  { method: 'PUT', path: /\/attachments\/[^/]+$/, means: 'attachment', give: '{key: path.key, name: query.name, type: \'header["Content-Type"]\'}', outcome: 'stored', result: ['key', 'cursor', 'size', 'sha256', 'outcome'] },
  { method: 'PUT', path: /\/screens\/[^/]+$/, means: 'screen', outcome: 'noted', result: ['id', 'state'] },
  { method: 'GET', path: /\/events$/, means: 'events', give: '{after: query.cursor}', outcome: 'events', plain: ['events', 'cursor'] },
  { method: 'GET', path: /\/media\/[^/]+$/, means: 'medium', give: '{medium: path.id}' },
];

// rule writes the rule of an entry.
export function rule(entry) {
  const event = entry.kind === 'act' ? entry.data?.event : entry.kind === 'frame' ? entry.data?.body : undefined;
  if (event?.type && entry.from !== 'integration') return eventRule(event);
  if (event?.type) return takeRule(event);
  for (let one = entry; one; one = one.ref ? record.numbered(one.ref) : undefined) if (one.kind === 'request') return routeRule(one);
  return `# A ${entry.kind} is nothing that a wire words.`;
}

// routeRule is about a request, and about its answer if there was one.
function routeRule(request) {
  const { method, path, body } = request.data;
  const known = meanings.find((one) => one.method === method && one.path.test(path));
  if (!known) return '# A request that no route takes is nothing that a wire words.';
  const [, pattern] = /^\S+ (.*)$/.exec(request.name) ?? [];
  const places = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const answer = record.answerTo(request);
  const opened = answer?.data?.status === 101;
  const lines = ['routes:', `  - on: ${opened ? 'SOCKET' : method} ${pattern}`, `    means: ${known.means}`];
  if (known.means === 'attachment') lines.push('    body: file');
  else if (body !== undefined) lines.push('    body: json');
  if (known.means !== 'medium' && places.includes('id')) lines.push('    conversation: path.id');
  const given = known.give ?? givenBy(body, places.filter((place) => place !== 'id'), known.means);
  if (given) lines.push(`    give: ${given}`);
  if (opened) lines.push('    socket:', `      subprotocols: ${JSON.stringify(protocolsOf(request))}`);
  else if (known.outcome && answer?.data?.status < 400) lines.push('    answers:', `      ${known.outcome}:`, `        status: ${answer.data.status}`, ...worded(answer.data.body, known));
  return lines.join('\n');
}

const protocolsOf = ({ data }) => (data.headers?.['Sec-Websocket-Protocol'] ?? '').split(/\s*,\s*/).filter(Boolean);

// givenBy says where a rule finds what the desk is given.
function givenBy(body, places, means) {
  const takes = takenBy[means];
  const pairs = places.map((place) => `${place}: path.${place}`);
  for (const [name, from] of Object.entries(takes ?? {})) if (valueAt(body, from) !== undefined) pairs.push(`${name}: body.${from}`);
  return pairs.length > 0 ? `{${pairs.join(', ')}}` : '';
}

const valueAt = (value, path) => path.split('.').reduce((inner, name) => inner?.[name], value);

// takenBy says what a meaning takes of a body of the native wire: its name, and the field.
const takenBy = {
  start: { queue: 'queue', context: 'context', name: 'user.name', user: 'user.id', session: 'user.session', locale: 'user.locale' },
  message: { text: 'text' },
  screen: { state: 'state' },
  typing: { typing: 'typing' },
  read: { upTo: 'upTo' },
  user: { name: 'name', user: 'id', session: 'session', locale: 'locale' },
};

const isName = (text) => /^[A-Za-z_]\w*$/.test(text);

// worded is an answer with what is the desk's own to say in place of what it said this time.
function worded(body, { result = [], conversation = [], plain = [] }) {
  if (!body || typeof body !== 'object' || Array.isArray(body)) return [];
  const told = Object.entries(body).map(([name, value]) => {
    if (plain.includes(name)) return `          ${name}: \${${name}}`;
    if (result.includes(name)) return `          ${name}: \${result.${name}}`;
    if (conversation.includes(name)) return `          ${name}: \${conversation.${name}}`;
    return `          ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  });
  return ['        json:', ...told];
}

// eventRule words an event with the fields that this one had. The first frame of a socket and the answer to a frame that nobody understands are no events.
function eventRule(event) {
  if (event.type === 'hello') return '# Below the socket of a route:\nhello:\n  - json: {type: hello, conversation: "${conversation.id}", cursor: "${cursor}"}';
  if (event.type === 'error') return '# Below the socket of a route:\nanswers:\n  "*":\n    json: {type: error, detail: "${detail}"}';
  const lines = ['events:', `  ${JSON.stringify(event.type)}:`, '    json:'];
  for (const name of Object.keys(event)) {
    const value = ['cursor', 'type', 'at'].includes(name) ? name : `event.${name}`;
    lines.push(`      ${isName(name) ? name : JSON.stringify(name)}: \${${value}}`);
  }
  return lines.join('\n');
}

// takeRule has the socket of a route understand a frame.
function takeRule(frame) {
  if (!takenBy[frame.type]) return '# A frame of an unknown type is nothing that a wire words.';
  const given = givenBy(frame, [], frame.type);
  return ['# Below the socket of a route:', 'takes:', `  - name: ${JSON.stringify(frame.type)}`, `    when: body.type == ${JSON.stringify(frame.type)}`, `    means: ${frame.type}`, ...(given ? [`    give: ${given}`] : [])].join('\n');
}
