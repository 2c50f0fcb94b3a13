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
      return property === undefined ? undefined : { ...property, configurable: true };
    },
    defineProperty: (_, name, property) => tryDefine(integration, name, { ...property, configurable: true }),
  });
  return proxy;
}

// callbackProxy records every callback. Like the host's own object it has no enumerable keys, and its methods need their receiver.
function callbackProxy(callback, widget, instance, known, others) {
  const reported = new NativeSet();
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
      const about = aboutCall(instance);
      const ended = (how, value, isSync) => outcome('returned', name, 'host', 'integration', ref, widget, how, value, isSync, about);
      let result;
      try {
        result = apply(fn, callback, args);
      } catch (problem) {
        ended('threw', problem, true);
        throw problem;
      }
      // Not a mere follow: a rejection that the integration ignores must stay unhandled.
      if (isThenable(result)) return passOn(result, (value) => ended('fulfilled', value, false), (reason) => ended('rejected', reason, false));
      ended('fulfilled', result, true);
      return result;
    };
    defineProperty(recording, 'name', { value: name, configurable: true });
    mapSet(methods, name, recording);
    return recording;
  };

  // unknown records that a name was read which this host does not have: once for each name.
  const unknown = (name, isRead) => {
    if (setHas(harmless, name) || setHas(reported, name)) return;
    setAdd(reported, name);
    if (setHas(known, name) || setHas(others, name) || !isRead) {
      emit('probe', name, 'integration', 'host', '', 0, widget, 'the integration looked for callback.' + name, '');
      return;
    }
    const near = nearest(name, known) || nearest(name, others);
    emit('violation', name, 'integration', 'host', '', 0, widget, 'no chat has a callback named ' + quoted(name, 100) + (near === '' ? '' : '; did you mean ' + near + '?'), 'CB-04');
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
