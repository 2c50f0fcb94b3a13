// What crosses between the host and the integration: the factory, its parameters, the callback object and the integration itself, each behind a recorder.

// The names that code reads off any object, of its own accord or through a tool.
const harmless = new NativeSet();
const toolNames = ['then', 'toJSON', 'constructor', 'prototype', 'catch', 'finally', 'inspect', 'nodeType', 'tagName', '$$typeof', 'asymmetricMatch'];
for (let i = 0; i < toolNames.length; i++) setAdd(harmless, toolNames[i]);
const objectNames = getOwnPropertyNames(ObjectPrototype);
for (let i = 0; i < objectNames.length; i++) setAdd(harmless, objectNames[i]);

function nameSet(list) {
  const names = new NativeSet();
  if (list !== null && list !== undefined) for (let i = 0; i < list.length; i++) setAdd(names, text(list[i]));
  return names;
}

// shape tells the members of an object, own and inherited, by the kind of their value. Getters are not run.
function shape(value) {
  const found = create(null);
  let count = 0;
  for (let holder = value; holder !== null && holder !== ObjectPrototype && count < 300; holder = getPrototypeOf(holder)) {
    const names = ownKeys(holder);
    for (let i = 0; i < names.length && count < 300; i++) {
      const name = names[i];
      if (typeof name !== 'string' || name === 'constructor' || found[name] !== undefined) continue;
      const property = getOwnPropertyDescriptor(holder, name);
      if (property === undefined) continue;
      found[name] = 'value' in property ? typeof property.value : 'accessor';
      count++;
    }
  }
  return found;
}

function writeShape(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return '"value":' + snapshot(value).json;
  try {
    const found = shape(value);
    let json = '';
    const names = enumerableKeys(found);
    for (let i = 0; i < names.length; i++) json += (i > 0 ? ',' : '') + quoted(names[i], 200) + ':' + quote(found[names[i]]);
    return '"methods":{' + json + '}';
  } catch (problem) {
    return '"value":' + typed('unreadable', ',"message":' + quoted(describe(problem), 500));
  }
}

const writeArgs = (args, instance) => {
  const shot = snapshot(args);
  return { json: '{"args":' + shot.json + ',"instance":' + instance + '}', cut: shot.cut };
};

// outcome records how a call ended: {"outcome":"fulfilled"|"rejected"|"threw","value"|"error"…,"sync":true,"ms":…,"instance":…}. A value that is undefined is left out; ms is
// how long the call took on the page's own clock, instance the number of the factory call that it belongs to.
function outcome(kind, name, from, to, ref, widget, how, value, isSync, about) {
  if (sealed) return;
  if (how !== 'fulfilled' && from === 'integration') unmask(value);
  let json = '{"outcome":' + quote(how);
  let cut = false;
  if (how !== 'fulfilled' || value !== undefined) {
    const shot = snapshot(value);
    cut = shot.cut;
    json += (how === 'fulfilled' ? ',"value":' : ',"error":') + shot.json;
  }
  emit(kind, name, from, to, json + (isSync ? ',"sync":true' : '') + about() + '}', ref, widget, cut ? CUT : '', '');
}

// aboutCall starts to measure a call on the page's own clock, and gives what outcome adds about it.
function aboutCall(instance) {
  const began = pageNow();
  return () => ',"ms":' + quote(pageNow() - began) + ',"instance":' + instance;
}

let instances = 0;

// methodProxy records every method call on the integration. The methods run on the integration itself, not on the proxy, so private fields and identity hold.
function methodProxy(integration, widget, instance) {
  const wrapped = new NativeWeakMap();
  const wrap = (name, fn) => {
    const known = weakGet(wrapped, fn);
    if (known !== undefined) return known;
    const recording = function (...args) {
      const self = this === proxy || this === undefined ? integration : this;
      if (sealed) return apply(fn, self, args);
      const { json, cut } = writeArgs(args, instance);
      const ref = emit('call', name, 'host', 'integration', json, 0, widget, cut ? CUT : '', '');
      const about = aboutCall(instance);
      const ended = (how, value, isSync) => outcome('settled', name, 'integration', 'host', ref, widget, how, value, isSync, about);
      let result;
      try {
        result = apply(fn, self, args);
      } catch (problem) {
        ended('threw', problem, true);
        throw problem;
      }
      if (follow(result, (value) => ended('fulfilled', value, false), (reason) => ended('rejected', reason, false))) return result;
      // A promise of another make is asked once only: the caller gets a native one that stands for it.
      if (isThenable(result)) return passOn(result, (value) => ended('fulfilled', value, false), (reason) => ended('rejected', reason, false));
      ended('fulfilled', result, true);
      return result;
    };
    defineProperty(recording, 'name', { value: name, configurable: true });
    weakSet(wrapped, fn, recording);
    return recording;
  };
  const proxy = new NativeProxy({}, {
    get(_, name) {
      const value = get(integration, name, integration);
      return typeof value === 'function' && typeof name === 'string' && name !== 'constructor' ? wrap(name, value) : value;
    },
    set: (_, name, value) => set(integration, name, value, integration),
    has: (_, name) => has(integration, name),
    deleteProperty: (_, name) => deleteProperty(integration, name),
    getPrototypeOf: () => getPrototypeOf(integration),
    setPrototypeOf: (_, prototype) => setPrototypeOf(integration, prototype),
    ownKeys: () => ownKeys(integration),
    getOwnPropertyDescriptor(_, name) {
      const property = getOwnPropertyDescriptor(integration, name);
      return property === undefined ? undefined : bare({ ...property, configurable: true });
    },
    defineProperty: (_, name, property) => tryDefine(integration, name, { ...property, configurable: true }),
  });
  return proxy;
}

// Names of callbacks that were looked for in vain, each with what is known about it.
const misses = new NativeMap();

// A call of what is not there is seen in two ways: the script shows it at the place of the look, even if the integration catches the error, and the error that is thrown
// names it, whenever the error comes to light. What neither shows, such as a function that was taken out of the object first and whose error is caught, stays unseen.
const MOST_LOOKS = 2000;
let looks = 0;

// findCall reads the script at the place where the name was just looked up.
function findCall(name, miss) {
  if (++looks > MOST_LOOKS) return;
  const place = placeOfCaller();
  if (place === null || setHas(miss.places, place.text) || !startsWith(place.url, pageOrigin + '/')) return;
  setAdd(miss.places, place.text);
  const land = takeOff('the source of a script, to tell a call from a look');
  const read = (source) => {
    if (callsAt(source, place, name)) miss.isCalled('{"at":' + quoted(place.text, 500) + '}');
    land();
  };
  if (!follow(sourceOf(place.url), read, land)) land();
}

// unmask looks at what was thrown: does it tell of a call of a missing callback?
function unmask(problem) {
  if (mapSize(misses) === 0 || problem === null || typeof problem !== 'object' || readText(problem, 'name') !== 'TypeError') return;
  const message = readText(problem, 'message');
  const told = message.length > 2000 ? null : exec(/([\w$]+)["'\])]* is not a (?:function|constructor)/, message);
  const miss = told === null ? undefined : mapGet(misses, told[1]);
  if (miss !== undefined) miss.isCalled('{"message":' + quote(message) + '}');
}

// placeOfCaller tells where the script stands that is running, by the first frame that is not ours, or null if that is no script with an address. What the page may have
// put in the way of stacks is put aside meanwhile.
function placeOfCaller() {
  let stack = '';
  const aside = [];
  try {
    setAside(aside, 'prepareStackTrace', undefined);
    setAside(aside, 'stackTraceLimit', 10);
    stack = stackOf(new NativeError());
  } catch { /* the page has frozen them, so its stacks are not to be trusted */ }
  for (let i = 0; i < aside.length; i++) {
    if (aside[i].property === undefined) deleteProperty(NativeError, aside[i].name);
    else tryDefine(NativeError, aside[i].name, aside[i].property);
  }
  const frame = exec(/^ +at (?:[^\n]*[( ])?((https?:\/\/[^\s()]+?):(\d+):(\d+))\)?$/m, firstForeign(stack));
  return frame === null ? null : { text: frame[1], url: frame[2], line: number(frame[3]), column: number(frame[4]) };
}

function setAside(aside, name, value) {
  aside[aside.length] = { name, property: getOwnPropertyDescriptor(NativeError, name) };
  defineProperty(NativeError, name, { value, writable: true, enumerable: true, configurable: true });
}

// firstForeign is the first line of a stack that is a frame, and not of this script.
function firstForeign(stack) {
  let at = 0;
  while (at < stack.length) {
    const next = indexOf(stack, '\n', at);
    const end = next < 0 ? stack.length : next;
    const line = slice(stack, at, end);
    if (startsWith(line, '    at ') && indexOf(line, 'deskcheck:page.js') < 0) return line;
    at = end + 1;
  }
  return '';
}

// sourceOf promises the text of a script of the page's own origin, '' if it cannot be had.
const sources = new NativeMap();
function sourceOf(url) {
  let source = mapGet(sources, url);
  if (source === undefined) {
    source = promised((resolve) => {
      const none = () => resolve('');
      const reply = nativeFetch(window, url, { __proto__: null, cache: 'force-cache' });
      if (!follow(reply, (response) => { if (!follow(bodyText(response), resolve, none)) none(); }, none)) none();
    });
    mapSet(sources, url, source);
  }
  return source;
}

// callsAt tells whether a script calls what it looks up at a place: .name( or [name](, also through call or apply. An optional call is none: it asks first.
function callsAt(source, place, name) {
  let at = 0;
  for (let line = 1; line < place.line; line++) {
    at = indexOf(source, '\n', at) + 1;
    if (at === 0) return false;
  }
  let code = slice(source, at + place.column - 1, at + place.column - 1 + 2000);
  if (startsWith(code, '?.')) code = slice(code, 2);
  code = afterSpace(code);
  if (startsWith(code, name)) code = slice(code, name.length);
  else if (startsWith(code, '[')) code = afterBracket(code);
  else return false;
  code = afterSpace(code);
  const through = exec(/^\.\s*(?:apply|call)\s*(?=\()/, code);
  return startsWith(through === null ? code : slice(code, through[0].length), '(');
}

const afterSpace = (code) => slice(code, exec(/^(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*/, code)[0].length);

// afterBracket is what follows the bracket that the code begins with, or ''.
function afterBracket(code) {
  let depth = 0;
  let mark = '';
  for (let i = 0; i < code.length; i++) {
    const c = code[i];
    if (mark !== '') {
      if (c === '\\') i++;
      else if (c === mark) mark = '';
    } else if (c === '"' || c === "'" || c === '`') mark = c;
    else if (c === '[') depth++;
    else if (c === ']' && --depth === 0) return slice(code, i + 1);
  }
  return '';
}

// callbackProxy records every callback. Like the host's own object it has no enumerable keys, and its methods need their receiver.
function callbackProxy(callback, widget, instance, known, others) {
  const missed = new NativeMap();
  const methods = new NativeMap();
  // The stand-in's prototype shows the same methods as the host's object would, to whoever looks there.
  const prototype = create(ObjectPrototype);
  const target = create(prototype);

  const recorder = (name, fn) => {
    const recording = function (...args) {
      if (this !== proxy) {
        emit('violation', name, 'integration', 'host', writeArgs(args, instance).json, 0, widget, 'callback.' + name + ' was called without its object; callbacks must be called on the callback object', 'CB-01');
        throw new NativeTypeError('Illegal invocation: ' + name + ' must be called on the callback object');
      }
      if (sealed) return apply(fn, callback, args);
      const { json, cut } = writeArgs(args, instance);
      const ref = emit('callback', name, 'integration', 'host', json, 0, widget, cut ? CUT : '', '');
      const timed = aboutCall(instance);
      const taken = name === 'updatePersistedState' ? aboutUpdate(args[0], ref, widget) : null;
      const about = taken === null ? timed : () => timed() + ',"stored":' + taken();
      const ended = (how, value, isSync) => outcome('returned', name, 'host', 'integration', ref, widget, how, value, isSync, about);
      let result;
      try {
        result = apply(fn, callback, args);
      } catch (problem) {
        ended('threw', problem, true);
        throw problem;
      }
      if (name === 'persistedState') result = watchWrites(result, widget);
      // Not a mere follow: a rejection that the integration ignores must stay unhandled.
      if (isThenable(result)) return passOn(result, (value) => ended('fulfilled', value, false), (reason) => ended('rejected', reason, false));
      ended('fulfilled', result, true);
      return result;
    };
    defineProperty(recording, 'name', { value: name, configurable: true });
    mapSet(methods, name, recording);
    return recording;
  };

  // unknown is told that a name was looked for which this host does not have, and records it once for each name. To look is allowed, to call is not; the trap sees no
  // difference between the two.
  const unknown = (name, isRead) => {
    if (setHas(harmless, name)) return;
    const miss = mapGet(missed, name) ?? firstMiss(name);
    // An error that names it is laid to the latest who looked.
    mapSet(misses, name, miss);
    if (isRead && !miss.called) findCall(name, miss);
  };
  const firstMiss = (name) => {
    const ref = emit('probe', name, 'integration', 'host', '', 0, widget, 'the integration looked for callback.' + name, '');
    const shown = 'callback.' + (name.length > 100 ? shorten(name, 100) : name);
    const miss = {
      called: false,
      places: new NativeSet(),
      isCalled(evidence) {
        if (miss.called) return;
        miss.called = true;
        const near = nearest(name, known) || nearest(name, others);
        const note = setHas(others, name) ? shown + ' was called, though this chat does not have it; other chats do, so ask whether it is there'
          : shown + ' was called, but no chat has a callback of that name' + (near === '' ? '' : '; did you mean ' + near + '?');
        emit('violation', name, 'integration', 'host', evidence, ref, widget, note, 'CB-04');
      },
    };
    mapSet(missed, name, miss);
    return miss;
  };

  const proxy = new NativeProxy(target, {
    get(own, name) {
      if (typeof name === 'string' && getOwnPropertyDescriptor(own, name) === undefined) {
        const value = get(callback, name, callback);
        if (typeof value === 'function' && !setHas(harmless, name)) return mapGet(methods, name) ?? recorder(name, value);
        if (value === undefined) unknown(name, true);
        return value;
      }
      return get(own, name, own);
    },
    has(own, name) {
      if (has(own, name) || has(callback, name)) return true;
      if (typeof name === 'string') unknown(name, false);
      return false;
    },
  });
  try {
    const members = shape(callback);
    const names = enumerableKeys(members);
    for (let i = 0; i < names.length; i++) {
      const value = callback[names[i]];
      if (typeof value === 'function') defineProperty(prototype, names[i], { value: recorder(names[i], value), writable: true, configurable: true });
    }
  } catch { /* a callback object that cannot be listed can still be called */ }
  return proxy;
}

// nearest finds the name that a misspelt one was meant to be, or ''.
function nearest(name, names) {
  if (name.length > 60) return '';
  let best = '';
  let least = floor(max(name.length, 4) / 3) + 1;
  setForEach(names, (candidate) => {
    const distance = lower(candidate) === lower(name) ? 0 : editDistance(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  });
  return best;
}

function editDistance(a, b) {
  let row = [];
  for (let j = 0; j <= b.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

// wrapFactory puts a recorder around a factory of integrations; the host calls the result as it would call the factory.
function wrapFactory(factory, options) {
  if (typeof factory !== 'function') throw new NativeTypeError('deskcheck.wrapFactory: the factory is not a function but ' + typeof factory);
  const widget = whole(options?.widget);
  const known = nameSet(options?.known);
  const others = nameSet(options?.others);
  return function (parameters, ...rest) {
    const instance = ++instances;
    const shot = snapshot(withFirst(parameters, rest));
    const callback = parameters !== null && typeof parameters === 'object' ? parameters.callback : undefined;
    const hasCallback = callback !== null && typeof callback === 'object';
    let json = '{"args":' + shot.json + ',"instance":' + instance;
    if (hasCallback) json += ',"callbacks":' + snapshot(enumerableKeys(shape(callback))).json;
    const ref = emit('call', 'factory', 'host', 'integration', json + '}', 0, widget, shot.cut ? CUT : '', '');
    let given = parameters;
    if (hasCallback) {
      keepReader(widget, callback);
      const members = getOwnPropertyDescriptors(parameters);
      members.callback = { value: callbackProxy(callback, widget, instance, known, others), writable: true, enumerable: true, configurable: true };
      given = create(getPrototypeOf(parameters), members);
    }
    const about = aboutCall(instance);
    const ended = (how, value, isSync) => {
      if (how !== 'fulfilled') outcome('settled', 'factory', 'integration', 'host', ref, widget, how, value, isSync, about);
      else emit('settled', 'factory', 'integration', 'host', '{"outcome":"fulfilled","type":' + quote(value === null ? 'null' : typeof value) + ',' + writeShape(value) + (isSync ? ',"sync":true' : '') + about() + '}', ref, widget, '', '');
    };
    const recorded = (value) => (value !== null && typeof value === 'object' ? methodProxy(value, widget, instance) : value);
    let made;
    try {
      made = apply(factory, this, withFirst(given, rest));
    } catch (problem) {
      ended('threw', problem, true);
      throw problem;
    }
    if (!isThenable(made)) {
      ended('fulfilled', made, true);
      return recorded(made);
    }
    return promised((resolve, reject) => {
      const kept = (value) => { ended('fulfilled', value, false); resolve(recorded(value)); };
      const broken = (reason) => { ended('rejected', reason, false); reject(reason); };
      if (!follow(made, kept, broken)) follow(new NativePromise((adopt) => adopt(made)), kept, broken);
    });
  };
}
