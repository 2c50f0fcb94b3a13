// The control API, as openapi.yaml describes it.

// Problem is a refusal of the desk, in its own words.
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `the desk answered ${status}`);
    this.status = status;
    this.type = problem.type ?? '';
  }
}

// Unreachable says that the desk gave no answer.
export class Unreachable extends Error {}

// silence is for how long a stream may say nothing before it counts as lost: three times the pause between the comments of the desk, in milliseconds.
const silence = 45_000;

let token = sessionStorage.getItem('token') ?? '';

// setToken is for a console that is not on the desk's own machine.
export function setToken(given) {
  token = given;
  sessionStorage.setItem('token', given);
}

// ask sends a request and gives what the desk answers, null for nothing. A body that is no Blob goes as JSON.
export async function ask(method, path, body, signal) {
  const response = await send(method, path, body, signal);
  const text = await response.text().catch((error) => {
    throw new Unreachable(error.message);
  });
  return text ? JSON.parse(text) : null;
}

async function send(method, path, body, signal) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  let payload = body;
  if (body instanceof Blob) headers['content-type'] = body.type || 'application/octet-stream';
  else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, { method, headers, body: payload, signal, cache: 'no-store' });
  } catch (error) {
    throw new Unreachable(error.message);
  }
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response;
}

// follow reads the server-sent events of a path, and gives each to hear as (type, data). It ends with the stream, and throws where that breaks or falls silent.
export async function follow(path, signal, { opened, hear }) {
  const quiet = new AbortController();
  const response = await send('GET', path, undefined, AbortSignal.any([signal, quiet.signal]));
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = eventReader(hear);
  let timer;
  try {
    for (;;) {
      timer = setTimeout(() => quiet.abort(), silence);
      const { value, done } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      read(value);
    }
  } catch (error) {
    throw new Unreachable(error.message);
  } finally {
    clearTimeout(timer);
  }
}

// eventReader takes a stream of server-sent events apart, however it is cut into pieces.
function eventReader(hear) {
  let rest = '';
  return (piece) => {
    const events = (rest + piece).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      let type = 'message';
      const data = [];
      for (const line of event.split('\n')) {
        if (line.startsWith('event:')) type = line.slice(6).trim();
        else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      }
      if (data.length > 0 || type !== 'message') hear(type, data.join('\n'));
    }
  };
}
