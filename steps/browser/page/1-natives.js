// Private copies of everything the kit needs from the page's world, taken before any script of the page runs: an integration may replace globals, methods of
// prototypes and iterators. For the same reason nothing in these files spreads an array, uses for-of or destructures an array: all three ask the page's iterators.
const { apply, construct, deleteProperty, get, getOwnPropertyDescriptor, getPrototypeOf, has, ownKeys, set, setPrototypeOf } = Reflect;
const { freeze, getOwnPropertyDescriptors, getOwnPropertyNames, isFrozen, keys: enumerableKeys, prototype: ObjectPrototype } = Object;
const { defineProperty: nativeTryDefine } = Reflect;
const { create: nativeCreate, defineProperty: nativeDefine } = Object;
const method = (fn) => (self, ...args) => apply(fn, self, args);
const getter = (prototype, name) => method(getOwnPropertyDescriptor(prototype, name).get);

// bare takes the prototype from an object that the engine is to read: where a property is missing it asks the prototype, and would take a get or a signal that the page
// gave to every object for a word of ours.
const { setPrototypeOf: nativeSetPrototype } = Object;
const bare = (record) => nativeSetPrototype(record, null);
const defineProperty = (holder, name, property) => nativeDefine(holder, name, bare(property));
const tryDefine = (holder, name, property) => nativeTryDefine(holder, name, bare(property));
function create(prototype, members) {
  const made = nativeCreate(prototype);
  if (members === undefined) return made;
  const names = ownKeys(members);
  for (let i = 0; i < names.length; i++) defineProperty(made, names[i], members[names[i]]);
  return made;
}
const RealProxy = Proxy;
function NativeProxy(target, handler) {
  return new RealProxy(target, bare(handler));
}

const NativePromise = Promise;
const NativeError = Error;
const NativeTypeError = TypeError;
const NativeDOMException = DOMException;
const NativeAbortController = AbortController;
const NativeMutationObserver = MutationObserver;
const NativeWebSocket = WebSocket;
const NativeEventSource = EventSource;
const NativeMap = Map;
const NativeSet = Set;
const NativeWeakMap = WeakMap;
const NativeDate = Date;

// quote is only ever given strings and numbers, so it never asks a toJSON of the page's.
const quote = JSON.stringify;
const parseJSON = JSON.parse;
const { ceil, max, min, floor, random } = Math;
const { isArray } = Array;
const text = String;
const number = Number;

const then = method(Promise.prototype.then);
const mapGet = method(Map.prototype.get);
const mapSet = method(Map.prototype.set);
const mapDelete = method(Map.prototype.delete);
const mapHas = method(Map.prototype.has);
const mapForEach = method(Map.prototype.forEach);
const mapSize = getter(Map.prototype, 'size');
const setAdd = method(Set.prototype.add);
const setHas = method(Set.prototype.has);
const setForEach = method(Set.prototype.forEach);
const weakGet = method(WeakMap.prototype.get);
const weakSet = method(WeakMap.prototype.set);
const slice = method(String.prototype.slice);
const indexOf = method(String.prototype.indexOf);
const lower = method(String.prototype.toLowerCase);
const upper = method(String.prototype.toUpperCase);
const startsWith = method(String.prototype.startsWith);
const endsWith = method(String.prototype.endsWith);
const exec = method(RegExp.prototype.exec);
const sort = method(Array.prototype.sort);
const tagOf = method(Object.prototype.toString);
const bigintText = method(BigInt.prototype.toString);
const symbolText = method(Symbol.prototype.toString);
const isError = Error.isError;
const regexpSource = getter(RegExp.prototype, 'source');
const typedArrayName = getter(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const typedArrayBytes = getter(getPrototypeOf(Uint8Array.prototype), 'byteLength');
const bufferBytes = getter(ArrayBuffer.prototype, 'byteLength');
const fileListLength = getter(FileList.prototype, 'length');
const eventType = getter(Event.prototype, 'type');
const pathOf = method(Event.prototype.composedPath);
const nodeType = getter(Node.prototype, 'nodeType');
const selfOf = getter(globalThis, 'self');
const dateTime = method(Date.prototype.getTime);
const dateISO = method(Date.prototype.toISOString);
const dateText = method(Date.prototype.toString);
const blobSize = getter(Blob.prototype, 'size');
const blobType = getter(Blob.prototype, 'type');
const fileName = getter(File.prototype, 'name');

const setTimer = method(setTimeout);
const clearTimer = method(clearTimeout);
const requestFrame = method(requestAnimationFrame);
const timeline = document.timeline;
const drawnAt = getter(AnimationTimeline.prototype, 'currentTime');
const performanceNow = method(Performance.prototype.now);
const clock0 = performance;
const pageOrigin = location.origin;
const NativeURL = URL;
const urlText = getter(URL.prototype, 'href');
const baseURI = getter(Node.prototype, 'baseURI');
const timeOrigin = performance.timeOrigin;
const nativeListen = method(EventTarget.prototype.addEventListener);
const listen = (target, type, fn, options) => nativeListen(target, type, fn, typeof options === 'object' ? bare(options) : options);
const preventDefault = method(Event.prototype.preventDefault);
const postMessage = method(MessagePort.prototype.postMessage);
const nativeFetch = method(fetch);
const bodyText = method(Response.prototype.text);
const closeSocket = method(WebSocket.prototype.close);
const sendFrame = method(WebSocket.prototype.send);
const closeSource = method(EventSource.prototype.close);
const abort = method(AbortController.prototype.abort);
const observe = method(MutationObserver.prototype.observe);
const boundingBox = method(Element.prototype.getBoundingClientRect);
const checkVisibility = method(Element.prototype.checkVisibility);
const matches = method(Element.prototype.matches);
const closest = method(Element.prototype.closest);
const getAttribute = method(Element.prototype.getAttribute);
const tagName = getter(Element.prototype, 'tagName');
const shadowRootOf = getter(Element.prototype, 'shadowRoot');
const clientRects = method(Element.prototype.getClientRects);
const scrollIntoView = method(Element.prototype.scrollIntoView);
const animationsOf = method(Document.prototype.getAnimations);
const elementAt = method(Document.prototype.elementFromPoint);
const elementInShadowAt = method(ShadowRoot.prototype.elementFromPoint);
const focusedInDocument = getter(Document.prototype, 'activeElement');
const focusedInShadow = getter(ShadowRoot.prototype, 'activeElement');
const isConnected = getter(Node.prototype, 'isConnected');
const parentOf = getter(Node.prototype, 'parentNode');
const hostOf = getter(ShadowRoot.prototype, 'host');
const attachShadow = method(Element.prototype.attachShadow);

// now is the real time in milliseconds of the epoch, whatever the page's clock says.
const now = () => timeOrigin + performanceNow(clock0);

// turn runs fn in a task of its own, after the tasks that are waiting now. It needs no timer, so nothing throttles it and no jump of the clock touches it.
const turns = { first: null, last: null };
const channel = new MessageChannel();
const wake = channel.port2;
channel.port1.onmessage = () => {
  const { fn, next } = turns.first;
  turns.first = next;
  if (next === null) turns.last = null;
  fn();
};
function turn(fn) {
  const link = { fn, next: null };
  if (turns.last === null) turns.first = link;
  else turns.last.next = link;
  turns.last = link;
  postMessage(wake, 0);
}

// promised makes a promise that can be awaited (by the page, and by the browser for Go) although Promise.prototype may have been tampered with.
function promised(executor) {
  const promise = new NativePromise(executor);
  defineProperty(promise, 'constructor', { value: NativePromise });
  defineProperty(promise, 'then', { value: (fulfilled, rejected) => then(promise, fulfilled, rejected) });
  return promise;
}

// follow has native promises tell what becomes of them. It answers false for everything that is not one.
function follow(value, fulfilled, rejected) {
  if (value === null || typeof value !== 'object') return false;
  try {
    then(value, fulfilled, rejected);
    return true;
  } catch {
    if (tagOf(value) !== '[object Promise]') return false;
  }
  // A promise can refuse because the page broke its constructor; with one of its own it obeys.
  try {
    defineProperty(value, 'constructor', { value: NativePromise, configurable: true });
    then(value, fulfilled, rejected);
    return deleteProperty(value, 'constructor');
  } catch {
    return false;
  }
}

// stay listens for as long as the document lives: writing a document anew takes every listener off it and its window, so they are put back (see 6-watch.js). To add
// one that is still there changes nothing.
let stayed = null;
function stay(target, type, fn) {
  stayed = { target, type, fn, next: stayed };
  listen(target, type, fn, true);
}
function listenAgain() {
  for (let one = stayed; one !== null; one = one.next) listen(one.target, one.type, one.fn, true);
}

// passOn gives a promise of its own that settles as the given one does, after the observers were told. Unlike a mere follow it leaves an unhandled rejection
// unhandled, so that the page still reports it. A promise of another make is asked once only, for both.
function passOn(promise, fulfilled, rejected) {
  return new NativePromise((resolve, reject) => {
    const kept = (value) => { fulfilled(value); resolve(value); };
    const broken = (reason) => { rejected(reason); reject(reason); };
    if (!follow(promise, kept, broken)) follow(new NativePromise((adopt) => adopt(promise)), kept, broken);
  });
}

const isThenable = (value) => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  try {
    return typeof value.then === 'function';
  } catch {
    return false;
  }
};

// override gives an object of the page's world a method of ours that looks like the one it replaces: same name, writable, configurable.
function override(holder, name, fn) {
  const old = getOwnPropertyDescriptor(holder, name);
  defineProperty(fn, 'name', { value: name, configurable: true });
  defineProperty(holder, name, { value: fn, writable: true, configurable: true, enumerable: old ? old.enumerable : false });
}
