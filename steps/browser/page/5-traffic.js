// The page's traffic: what is in flight and which frames have arrived, so that a step can wait until everything that was sent has had its effect.
// Frames dispatched on each open socket: what was sent to one that has been closed is never dispatched, so it does not count any more, here or at the desk.
const framesOf = new NativeMap();
function framesSeen() {
  let seen = 0;
  mapForEach(framesOf, (count) => { seen += count; });
  return seen;
}
let beacons = 0;
let lastFlight = 0;
// What is in flight, by number, with words for a person. A connecting socket is in flight as a request is.
const flights = new NativeMap();
const sockets = new NativeSet();

function takeOff(what) {
  const id = ++lastFlight;
  mapSet(flights, id, what);
  changed();
  return () => {
    if (mapDelete(flights, id)) changed();
  };
}

function nameRequest(method, target) {
  let url = '';
  try {
    url = typeof target === 'string' ? target : target !== null && typeof target === 'object' && typeof target.url === 'string' ? target.url : text(target);
  } catch { /* the page's own object would not say; the name is only for people */ }
  return method + ' ' + slice(url, 0, 200);
}

if (typeof fetch === 'function') {
  const nativeFetch = method(fetch);
  override(window, 'fetch', (...args) => {
    let verb = 'GET';
    try {
      verb = args[1]?.method ?? args[0]?.method ?? verb;
    } catch { /* the fetch itself will complain about such an argument */ }
    const land = takeOff(nameRequest(typeof verb === 'string' ? verb : 'GET', args[0]));
    let promise;
    try {
      promise = apply(nativeFetch, undefined, withFirst(window, args));
    } catch (problem) {
      land();
      throw problem;
    }
    return passOn(promise, land, land);
  });
  // A reply whose body is still being read is in flight too. A stream that is read piece by piece is not: it may never end.
  const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];
  for (let i = 0; i < readers.length; i++) {
    const name = readers[i];
    const native = Response.prototype[name];
    if (typeof native !== 'function') continue;
    override(Response.prototype, name, function () {
      const land = takeOff('the body of a reply');
      return passOn(apply(native, this, []), land, land);
    });
  }
}

// withFirst makes an argument list without asking the page's iterators.
function withFirst(first, rest) {
  const list = [first];
  for (let i = 0; i < rest.length; i++) list[i + 1] = rest[i];
  return list;
}

const openRequest = method(XMLHttpRequest.prototype.open);
const sendRequest = method(XMLHttpRequest.prototype.send);
const requestNames = new NativeWeakMap();
override(XMLHttpRequest.prototype, 'open', function (...args) {
  apply(openRequest, undefined, withFirst(this, args));
  weakSet(requestNames, this, nameRequest(text(args[0]), args[1]));
});
override(XMLHttpRequest.prototype, 'send', function (body) {
  const land = takeOff(weakGet(requestNames, this) ?? 'a request');
  listen(this, 'loadend', land, { once: true });
  try {
    sendRequest(this, body);
  } catch (problem) {
    land();
    throw problem;
  }
});

// watched makes a class whose instances are watched from the first moment, so our listeners run before the page's.
function watched(Native, watch) {
  const Watched = new NativeProxy(Native, {
    construct(target, args, newTarget) {
      const made = construct(target, args, newTarget === Watched ? target : newTarget);
      watch(made);
      return made;
    },
  });
  defineProperty(Native.prototype, 'constructor', { value: Watched, writable: true, configurable: true });
  override(window, Native.name, Watched);
}

const once = { once: true };
watched(NativeWebSocket, (socket) => {
  const land = takeOff('a socket that connects to ' + slice(socketURL(socket), 0, 200));
  setAdd(sockets, socket);
  listen(socket, 'open', land, once);
  listen(socket, 'error', land, once);
  listen(socket, 'close', land, once);
  mapSet(framesOf, socket, 0);
  listen(socket, 'message', () => {
    if (mapHas(framesOf, socket)) mapSet(framesOf, socket, mapGet(framesOf, socket) + 1);
    changed();
  });
  const gone = () => { if (mapDelete(framesOf, socket)) changed(); };
  listen(socket, 'close', gone, once);
  listen(socket, 'error', gone, once);
  if (retired) closeSocket(socket);
});
const socketURL = getter(WebSocket.prototype, 'url');

watched(NativeEventSource, (source) => {
  const land = takeOff('an event stream that connects');
  setAdd(sockets, source);
  listen(source, 'open', land, once);
  listen(source, 'error', land, once);
});

const nativeBeacon = method(Navigator.prototype.sendBeacon);
override(Navigator.prototype, 'sendBeacon', function (url, body) {
  beacons++;
  return nativeBeacon(this, url, body);
});

// What the last settled waits for, for the words of an error.
let wanted = { frames: 0, held: 0 };

// How many turns of the event loop must pass without anything happening before the page counts as calm.
const CALM_TURNS = 4;

// settled is kept when at least `frames` socket frames were dispatched, at most `held` requests are in flight, no timer is due and a few turns of the event loop
// brought nothing new. It tells {frames, inFlight, entries}.
function settled(want) {
  const frames = whole(want?.frames), held = whole(want?.held);
  wanted = { frames, held };
  return promised((resolve) => {
    let calm = 0;
    let seen = activity;
    const step = () => {
      if (seen !== activity) {
        seen = activity;
        calm = 0;
      }
      if (framesSeen() < frames || mapSize(flights) > held || jumping || timerDue()) {
        calm = 0;
        const outer = onActivity;
        onActivity = () => {
          if (outer !== null) outer();
          turn(step);
        };
        return;
      }
      calm++;
      if (calm > CALM_TURNS) resolve({ frames: framesSeen(), inFlight: mapSize(flights), entries: lastID });
      else if (calm === 2) setTimer(window, step, 0);
      else turn(step);
    };
    turn(step);
  });
}

// unsettled says what keeps the page from being settled.
function unsettled() {
  let words = framesSeen() + ' of ' + wanted.frames + ' frames dispatched, ' + mapSize(flights) + ' requests in flight (' + wanted.held + ' of them held)';
  let listed = 0;
  mapForEach(flights, (what) => { if (listed++ < 5) words += (listed === 1 ? ': ' : ', ') + what; });
  if (timerDue()) words += '; a timer is due';
  if (jumping) words += '; the clock is jumping';
  return words;
}
