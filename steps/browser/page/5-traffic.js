// The page's traffic: what is in flight and which frames have arrived, so that a step can wait until everything that was sent has had its effect.
// Frames dispatched on each open socket: what was sent to one that has been closed is never dispatched, so it does not count any more, here or at the desk.
const framesOf = new NativeMap();
function framesSeen() {
  let seen = 0;
  mapForEach(framesOf, (count) => { seen += count; });
  return seen;
}
// Frames that the page has sent on each open socket: what the other side has not taken yet is on its way.
const sentOn = new NativeMap();
let beacons = 0;
let lastFlight = 0;
// What is in flight, by number: {words, key}, words for a person and the method and address by which the other side knows it ('' for what it does not). A connecting
// socket is in flight as a request is.
const flights = new NativeMap();
// The last request that had no answer, by method and address: the browser's own words for that, "Failed to fetch", name neither.
let unanswered = '';
const sockets = new NativeSet();

function takeOff(words, key = '') {
  const id = ++lastFlight;
  mapSet(flights, id, bare({ words, key }));
  changed();
  return () => {
    if (mapDelete(flights, id)) changed();
  };
}

// requestTo names a request: {words, key} as in flights.
function requestTo(verb, target) {
  let url = '';
  try {
    url = typeof target === 'string' ? target : target !== null && typeof target === 'object' && typeof target.url === 'string' ? target.url : text(target);
  } catch { /* the page's own object would not say: it is known by no address then */ }
  return bare({ words: verb + ' ' + slice(url, 0, 200), key: keyOf(verb, url) });
}

function keyOf(verb, url) {
  try {
    const whole = urlText(new NativeURL(url, baseURI(document)));
    const fragment = indexOf(whole, '#');
    return upper(verb) + ' ' + (fragment < 0 ? whole : slice(whole, 0, fragment));
  } catch {
    return ''; // the request itself will complain about such an address
  }
}

// The requests of replies, by method and address.
const replies = new NativeWeakMap();

if (typeof fetch === 'function') {
  override(window, 'fetch', (...args) => {
    let verb = 'GET';
    try {
      verb = args[1]?.method ?? args[0]?.method ?? verb;
    } catch { /* the fetch itself will complain about such an argument */ }
    const { words, key } = requestTo(typeof verb === 'string' ? verb : 'GET', args[0]);
    const land = takeOff(words, key);
    let promise;
    try {
      promise = apply(nativeFetch, undefined, withFirst(window, args));
    } catch (problem) {
      land();
      throw problem;
    }
    return passOn(promise, (reply) => {
      land();
      if (reply !== null && typeof reply === 'object') weakSet(replies, reply, key);
    }, () => {
      land();
      unanswered = key;
    });
  });
  // A reply whose body is still being read is in flight too. A stream that is read piece by piece is not: it may never end.
  const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];
  for (let i = 0; i < readers.length; i++) {
    const name = readers[i];
    const native = Response.prototype[name];
    if (typeof native !== 'function') continue;
    override(Response.prototype, name, function () {
      const land = takeOff('the body of a reply', weakGet(replies, this) ?? '');
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

const once = { once: true };
const openRequest = method(XMLHttpRequest.prototype.open);
const sendRequest = method(XMLHttpRequest.prototype.send);
const nativeTimeout = getOwnPropertyDescriptor(XMLHttpRequest.prototype, 'timeout');
const readTimeout = method(nativeTimeout.get);
const limitRequest = method(nativeTimeout.set);
const requests = new NativeWeakMap();

// requestOf gives what is kept about a request: its {words, key}, the time-out that the page has set, and what it has sent and not seen end.
function requestOf(xhr) {
  let request = weakGet(requests, xhr);
  if (request === undefined) {
    request = { words: 'a request', key: '', timeout: 0, sent: null };
    weakSet(requests, xhr, request);
  }
  return request;
}

// A time-out runs on the page's clock, from the moment of sending. When its time has come the browser's own, which is never set before, is set to the shortest: that is
// over long since, so the browser ends the request as it ends any that takes too long. A jump waits for it.
function limit(xhr, request) {
  const { sent, timeout } = request;
  if (sent === null) return;
  stopTimer(sent.timer);
  release(sent);
  if (timeout === 0) return;
  const left = min(max(0, ceil(sent.at + timeout - pageNow())), 0x7fffffff);
  sent.timer = startTimer(() => {
    sent.release = holdJump();
    limitRequest(xhr, 1);
  }, left, [], false);
}

function release(sent) {
  if (sent.release !== null) sent.release();
  sent.release = null;
}

// finish is told that what was sent has come to its end, whichever it is.
function finish(xhr, request, sent) {
  if (sent === null || sent.over) return;
  sent.over = true;
  stopTimer(sent.timer);
  // Whoever sends with it again gets the page's time-out, not the shortest.
  if (sent.release !== null) limitRequest(xhr, 0);
  release(sent);
  sent.land();
  if (request.sent === sent) request.sent = null;
}

override(XMLHttpRequest.prototype, 'open', function (...args) {
  readTimeout(this);
  const request = requestOf(this);
  const { sent, timeout } = request;
  // A synchronous request must not have a time-out: with it set, the browser refuses in its own words.
  const mayRefuse = args.length > 2 && !args[2] && timeout > 0;
  const expires = sent !== null && sent.release !== null;
  if (mayRefuse || expires) limitRequest(this, mayRefuse ? timeout : 0);
  try {
    apply(openRequest, undefined, withFirst(this, args));
  } catch (problem) {
    // What it has sent before goes on.
    if (mayRefuse || expires) limitRequest(this, expires ? 1 : 0);
    throw problem;
  }
  const named = requestTo(text(args[0]), args[1]);
  request.words = named.words;
  request.key = named.key;
  // What was sent before has ended without a word, unless the page has already sent anew while it was told of the opening.
  if (sent !== null && !sent.over) {
    sent.over = true;
    stopTimer(sent.timer);
    release(sent);
    sent.land();
    if (request.sent === sent) request.sent = null;
  }
});
override(XMLHttpRequest.prototype, 'send', function (body) {
  readTimeout(this);
  const request = requestOf(this);
  const before = request.sent;
  const sent = { at: pageNow(), timer: 0, release: null, over: false, land: takeOff(request.words, request.key) };
  request.sent = sent;
  listen(this, 'loadend', () => finish(this, request, sent), once);
  try {
    sendRequest(this, body);
  } catch (problem) {
    finish(this, request, sent);
    request.sent = before;
    throw problem;
  }
  if (!sent.over) limit(this, request);
});
const timeoutOnPage = getOwnPropertyDescriptor({
  get timeout() {
    readTimeout(this);
    return requestOf(this).timeout;
  },
  set timeout(value) {
    const ms = +value >>> 0;
    // The browser refuses it for a synchronous request.
    limitRequest(this, 0);
    const request = requestOf(this);
    request.timeout = ms;
    limit(this, request);
  },
}, 'timeout');
defineProperty(XMLHttpRequest.prototype, 'timeout', { get: timeoutOnPage.get, set: timeoutOnPage.set, enumerable: nativeTimeout.enumerable, configurable: true });

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

watched(NativeWebSocket, (socket) => {
  const land = takeOff('a socket that connects to ' + slice(socketURL(socket), 0, 200), keyOf('GET', socketURL(socket)));
  setAdd(sockets, socket);
  listen(socket, 'open', land, once);
  listen(socket, 'error', land, once);
  listen(socket, 'close', land, once);
  mapSet(framesOf, socket, 0);
  mapSet(sentOn, socket, 0);
  listen(socket, 'message', () => {
    if (mapHas(framesOf, socket)) mapSet(framesOf, socket, mapGet(framesOf, socket) + 1);
    changed();
  });
  let opened = false;
  listen(socket, 'open', () => { opened = true; }, once);
  listen(socket, 'error', () => { if (!opened) steady(); }, once);
  const gone = () => {
    mapDelete(sentOn, socket);
    if (mapDelete(framesOf, socket)) changed();
  };
  listen(socket, 'close', gone, once);
  listen(socket, 'error', gone, once);
  if (retired) closeSocket(socket);
});
override(WebSocket.prototype, 'send', function (data) {
  const was = mapHas(sentOn, this) && socketState(this) === 1;
  sendFrame(this, data);
  if (!was) return; // what is sent on a socket that closes goes nowhere
  mapSet(sentOn, this, mapGet(sentOn, this) + 1);
  changed();
});
const socketURL = getter(WebSocket.prototype, 'url');
const sourceURL = getter(EventSource.prototype, 'url');
const socketState = getter(WebSocket.prototype, 'readyState');

// Chromium holds a process's connecting sockets back, by up to 5 s of real time each, once many more of them have failed than succeeded, as they do while a scenario's link
// is lost; and the next scenario may get the same process. So for every few that failed, one that the kit's own server takes is opened and closed, unseen by the page.
const FAILURES_EACH = 4;
let failures = 0;
let steadyServer = '';
function steady() {
  if (steadyServer === '' || ++failures < FAILURES_EACH) return;
  failures = 0;
  try {
    const socket = construct(NativeWebSocket, [steadyServer]);
    listen(socket, 'open', () => closeSocket(socket), once);
  } catch { /* the page's own policy forbids it: its sockets wait longer */ }
}

// leadsTo says whether a socket is open, for all that the page knows, and to one of some servers, known by the beginnings of their addresses.
function leadsTo(servers, socket) {
  if (socketState(socket) !== 1) return false;
  const url = socketURL(socket);
  let found = false;
  for (let i = 0; i < servers.length && !found; i++) found = startsWith(url, servers[i]);
  return found;
}

// socketsTo counts the sockets to some servers that the page takes for open. The server may know better: a socket that it has closed is still open here until the end has arrived.
function socketsTo(servers) {
  let open = 0;
  mapForEach(framesOf, (_, socket) => { if (leadsTo(servers, socket)) open++; });
  return open;
}

// sentTo counts the frames that the page has sent on these.
function sentTo(servers) {
  let sent = 0;
  mapForEach(sentOn, (n, socket) => { if (leadsTo(servers, socket)) sent += n; });
  return sent;
}

watched(NativeEventSource, (source) => {
  const land = takeOff('an event stream that connects to ' + slice(sourceURL(source), 0, 200), keyOf('GET', sourceURL(source)));
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
let wanted = { frames: 0, held: new NativeMap(), servers: [], sockets: 0, taken: -1 };
const framesLeaving = () => (wanted.taken < 0 ? 0 : max(0, sentTo(wanted.servers) - wanted.taken));
const socketsEnding = () => (wanted.servers.length === 0 ? 0 : max(0, socketsTo(wanted.servers) - wanted.sockets));

// How many turns of the event loop must pass without anything happening before the page counts as calm.
const CALM_TURNS = 4;

// onTheirWay counts what is in flight and not held by the other side. A request that the page has given up may still be held there for a moment, so they are compared by
// method and address: by number alone it would stand for one that is on its way.
function onTheirWay() {
  const held = new NativeMap();
  mapForEach(wanted.held, (n, key) => { mapSet(held, key, n); });
  let n = 0;
  mapForEach(flights, ({ key }) => {
    const left = mapGet(held, key);
    if (left > 0) mapSet(held, key, left - 1);
    else n++;
  });
  return n;
}

// settled is kept when at least `frames` socket frames were dispatched, no more than `taken` (if it is given) were sent to the `servers`, nothing is in flight but the requests of `held` ('GET http://...' each), no more than `sockets`
// sockets to the `servers` seem open, no timer is due and a few turns of the event loop brought nothing new; with a host that draws in its own time, a frame neither. From then on
// `steady` is the kit's own server of sockets. It tells {frames, inFlight, entries}.
function settled(want) {
  const frames = whole(want?.frames), held = new NativeMap();
  const given = want?.held ?? [];
  for (let i = 0; i < given.length; i++) mapSet(held, given[i], (mapGet(held, given[i]) ?? 0) + 1);
  if (typeof want?.steady === 'string') steadyServer = want.steady;
  wanted = { frames, held, servers: want?.servers ?? [], sockets: whole(want?.sockets), taken: typeof want?.taken === 'number' ? want.taken : -1 };
  return promised((resolve) => {
    let calm = 0;
    let seen = activity;
    const step = () => {
      if (seen !== activity) {
        seen = activity;
        calm = 0;
      }
      if (framesSeen() < frames || onTheirWay() > 0 || framesLeaving() > 0 || socketsEnding() > 0 || jumping || timerDue()) {
        calm = 0;
        const outer = onActivity;
        onActivity = () => {
          if (outer !== null) outer();
          turn(step);
        };
        return;
      }
      if (calm >= CALM_TURNS && stillDraws()) {
        calm = 0;
        requestFrame(window, step);
        return;
      }
      calm++;
      if (calm > CALM_TURNS) resolve(bare({ frames: framesSeen(), inFlight: mapSize(flights), entries: lastID }));
      else if (calm === 2) setTimer(window, step, 0);
      else if (calm === 3 && drawsLate()) requestFrame(window, step);
      else turn(step);
    };
    turn(step);
  });
}

// unsettled says what keeps the page from being settled.
function unsettled() {
  let words = framesSeen() + ' of ' + wanted.frames + ' frames dispatched, ' + mapSize(flights) + ' requests in flight (' + (mapSize(flights) - onTheirWay()) + ' of them held)';
  let listed = 0;
  mapForEach(flights, (flight) => { if (listed++ < 5) words += (listed === 1 ? ': ' : ', ') + flight.words; });
  if (framesLeaving() > 0) words += '; ' + framesLeaving() + ' frames have been sent and not taken';
  if (socketsEnding() > 0) words += '; ' + socketsEnding() + ' sockets have been closed at the other end';
  if (timerDue()) words += '; a timer is due';
  if (jumping) words += '; the clock is jumping';
  return words;
}
