// What the real client is made to do, in Node and on a page. Each scenario is given the client's `io`, an opener and the address, and gives what it saw; the Go test says what that should be.

// until waits for an event of an emitter and gives its arguments.
export function until(emitter, event, within = 20_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      emitter.off(event, heard);
      reject(new Error(`no ${event} within ${within} ms`));
    }, within);
    const heard = (...args) => {
      clearTimeout(timer);
      emitter.off(event, heard);
      resolve(args);
    };
    emitter.on(event, heard);
  });
}

// ask emits an event and waits for its acknowledgement.
export function ask(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${event} was not acknowledged`)), 20_000);
    socket.emit(event, ...args, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

// hex is the bytes of an ArrayBuffer, or of a view on one, as Node's Buffer is.
const hex = (data) => [...new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (...all) => Uint8Array.from(all).buffer;

// engineOf is the session of Engine.IO below a socket.
const engineOf = (socket) => socket.io.engine;

// talk exchanges what every transport must carry.
async function talk(socket) {
  const asked = new Promise((resolve) => {
    socket.once('question', (question, answer) => {
      answer(`answer to ${question}`, 42);
      resolve(question);
    });
  });
  const echoed = await ask(socket, 'echo', 'ä€𐐷\u001e', { deep: [1, null, true] }, 1.5);
  const question = await (socket.emit('ask-me', 'why'), asked);
  const [answered] = await until(socket, 'answered');
  const [binary] = await ask(socket, 'echo', { at: [bytes(1, 2, 250), 'between', bytes()] });
  const ordered = (await Promise.all(Array.from({ length: 50 }, (_, i) => ask(socket, 'echo', i)))).map(([i]) => i);
  return { echoed, question, answered, binary: [hex(binary.at[0]), binary.at[1], hex(binary.at[2])], ordered: ordered.every((value, i) => value === i) };
}

export const scenarios = {
  async upgrading(open) {
    const socket = open('/');
    await until(socket.io, 'open');
    const first = engineOf(socket).transport.name;
    const upgraded = until(engineOf(socket), 'upgrade');
    // What is said now crosses while the transports change.
    const before = await ask(socket, 'echo', 'before');
    const second = (await upgraded)[0].name;
    return { first, before, second, talk: await talk(socket) };
  },

  async polling(open) {
    const socket = open('/', { transports: ['polling'] });
    await until(socket, 'connect');
    return { transport: engineOf(socket).transport.name, talk: await talk(socket) };
  },

  async websocket(open) {
    const socket = open('/', { transports: ['websocket'] });
    await until(socket, 'connect');
    return { transport: engineOf(socket).transport.name, talk: await talk(socket) };
  },

  async 'killed websocket'(open) {
    return killed(open('/', { transports: ['websocket'], reconnectionDelay: 10 }));
  },

  async 'killed polling'(open) {
    return killed(open('/', { transports: ['polling'], reconnectionDelay: 10 }));
  },

  async refused(open) {
    const socket = open('/refused', { auth: (give) => give({ token: 'secret' }) });
    const [error] = await until(socket, 'connect_error');
    return { message: error.message, data: error.data, connected: socket.connected };
  },

  async 'unknown namespace'(open) {
    const socket = open('/nowhere');
    const [error] = await until(socket, 'connect_error');
    return { message: error.message };
  },

  async 'two namespaces'(open) {
    const main = open('/', { multiplex: true, forceNew: false });
    const other = open('/other', { multiplex: true, forceNew: false, auth: { token: 'of the other' } });
    await Promise.all([until(main, 'connect'), until(other, 'connect')]);
    const auth = await ask(other, 'auth');
    const gone = until(other, 'disconnect');
    other.emit('disconnect-me');
    const [reason] = await gone;
    return { one: main.io === other.io, different: main.id !== other.id, auth, reason, still: await ask(main, 'echo', 'here') };
  },

  async 'closed by the server'(open) {
    const socket = open('/', { reconnectionDelay: 10 });
    await until(socket, 'connect');
    const gone = until(socket, 'disconnect');
    const back = gone.then(() => until(socket, 'connect'));
    socket.emit('close-me');
    const [reason] = await gone;
    await back;
    return { reason, again: await ask(socket, 'echo', 'again') };
  },

  async 'a withheld acknowledgement'(open) {
    const socket = open('/');
    await until(socket, 'connect');
    socket.emit('withhold', 1);
    const first = await new Promise((resolve) => socket.timeout(300).emit('echo', 1, (error) => resolve(error ? 'none' : 'came')));
    return { first, second: await ask(socket, 'echo', 2) };
  },

  async 'too large by websocket'(open) {
    return tooLarge(open('/', { transports: ['websocket'], reconnectionDelay: 10 }));
  },

  async 'too large by polling'(open) {
    return tooLarge(open('/', { transports: ['polling'], reconnectionDelay: 10 }));
  },

  async 'auth as a string'(open) {
    const socket = open('/', { auth: 'secret', reconnection: false, transports: ['websocket'] });
    let joined = false;
    socket.on('connect', () => (joined = true));
    const [reason] = await until(socket.io, 'close');
    return { reason, joined };
  },

  async raw(open) {
    const socket = open('/');
    await until(socket, 'connect');
    const said = until(socket, 'said');
    socket.emit('raw', '42["said","as it is"]');
    const [words] = await said;
    const gone = until(socket, 'disconnect');
    socket.emit('raw', 'nonsense');
    const [reason] = await gone;
    return { words, reason };
  },

  async 'the heart goes on'(open) {
    const socket = open('/beating');
    await until(socket, 'connect');
    for (let i = 0; i < 3; i++) await until(socket.io, 'ping');
    return { connected: socket.connected };
  },
};

async function killed(socket) {
  await until(socket, 'connect');
  const id = socket.id;
  const gone = until(socket, 'disconnect');
  const back = gone.then(() => until(socket, 'connect'));
  socket.emit('kill-me');
  const [reason] = await gone;
  await back;
  return { reason, another: socket.id !== id, talk: await talk(socket) };
}

async function tooLarge(socket) {
  await until(socket, 'connect');
  const gone = until(socket, 'disconnect');
  const back = gone.then(() => until(socket, 'connect'));
  socket.emit('echo', 'x'.repeat(2_000_000));
  const [reason] = await gone;
  await back;
  return { reason, again: await ask(socket, 'echo', 'again') };
}

// play plays one scenario with a client of its own for each namespace that it opens, and gives what it saw or what went wrong.
export async function play(name, io, address) {
  const opened = [];
  const open = (namespace, options) => {
    const url = namespace === '/beating' ? address.beating : address.url + namespace;
    const socket = io(url, { forceNew: true, withCredentials: true, ...options });
    opened.push(socket);
    return socket;
  };
  try {
    return { name, saw: await scenarios[name](open) };
  } catch (error) {
    return { name, error: String(error) };
  } finally {
    for (const socket of opened) socket.disconnect();
  }
}
