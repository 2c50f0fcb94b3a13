// What an integration stores through the chat: whether it is data that survives a reload, is small, and is only read once it is stored. All of it is looked at where it
// crosses, so that it holds for every host.
const MUCH_STATE = 64 * 1024;
const TOO_MUCH_STATE = 1024 * 1024;

// isLiteral tells what JSON gives, of whatever frame, from the instance of a class.
function isLiteral(value) {
  const parent = getPrototypeOf(value);
  return parent === null || getPrototypeOf(parent) === null;
}

// weigh looks through a value: {problem, size, living}. The problem says where it first is not what JSON can carry; the size is in characters of JSON; living are the objects
// in it that are no data, with whether they were frozen before.
function weigh(value) {
  const found = { problem: '', size: 0, living: [], nodes: 50000 };
  try {
    weighOne(value, 'the state', null, found);
  } catch (problem) {
    found.problem = found.problem || 'the state cannot be read: ' + describe(problem);
  }
  return found;
}

function weighOne(value, path, above, found) {
  if (found.nodes-- <= 0) return;
  const wrong = (what) => {
    if (found.problem === '') found.problem = path + ' is ' + what;
  };
  switch (typeof value) {
    case 'string': found.size += value.length + 2; return;
    case 'boolean': found.size += 5; return;
    case 'undefined': return;
    case 'number':
      found.size += 8;
      if (value - value !== 0) wrong(text(value) + ', which becomes null');
      return;
    case 'bigint': wrong('a BigInt'); return;
    case 'symbol': wrong('a symbol'); return;
    case 'function': wrong('a function'); return;
  }
  if (value === null) {
    found.size += 4;
    return;
  }
  for (let link = above; link !== null; link = link.above) {
    if (link.value === value) {
      wrong('what contains it: a cycle');
      return;
    }
  }
  const inner = { value, above };
  if (isArray(value)) {
    found.size += 2;
    for (let i = 0; i < value.length && found.nodes > 0; i++) weighOne(value[i], path + '[' + i + ']', inner, found);
    return;
  }
  const tag = tagOf(value);
  if (tag !== '[object Object]' || !isLiteral(value)) {
    wrong(tag === '[object Object]' ? 'an instance of ' + (nameOf(value.constructor) || 'a class') : 'a ' + slice(tag, 8, -1));
    found.living[found.living.length] = { value, frozen: isFrozen(value) };
  }
  found.size += 2;
  const names = enumerableKeys(value);
  for (let i = 0; i < names.length && found.nodes > 0; i++) {
    found.size += names[i].length + 4;
    weighOne(value[names[i]], path + '.' + (names[i].length > 40 ? shorten(names[i], 40) : names[i]), inner, found);
  }
}

// What was said of the state before, by widget: once is enough.
const stateSaid = new NativeMap();

function sayOnce(widget, requirement, name, ref, note) {
  const key = widget + ' ' + requirement + ' ' + name + (requirement === 'STATE-05' ? note : '');
  if (mapHas(stateSaid, key)) return;
  mapSet(stateSaid, key, true);
  emit('violation', name, 'integration', 'host', '', ref, widget, note, requirement);
}

// How to read the stored state of a widget, by its number.
const stateReaders = new NativeMap();
const keepReader = (widget, callback) => mapSet(stateReaders, widget, () => (typeof callback.persistedState === 'function' ? callback.persistedState() : undefined));

function storedState(widget) {
  const read = mapGet(stateReaders, widget);
  try {
    return read === undefined ? undefined : read();
  } catch {
    return undefined;
  }
}

// aboutUpdate judges an update of the state. It gives what is to be called when the host has taken it, and that gives the size of all that is stored now.
function aboutUpdate(state, ref, widget) {
  const { problem, living } = weigh(state);
  if (problem !== '') sayOnce(widget, 'STATE-02', 'updatePersistedState', ref, problem + '; only what JSON can carry outlives a reload');
  return () => {
    for (let i = 0; i < living.length; i++) {
      if (!living[i].frozen && isFrozen(living[i].value)) {
        sayOnce(widget, 'STATE-03', 'updatePersistedState', ref, 'an object that the integration lives with was handed over to be stored, and is frozen now');
        break;
      }
    }
    const { size } = weigh(storedState(widget));
    if (size > TOO_MUCH_STATE) sayOnce(widget, 'STATE-05', 'updatePersistedState', ref, 'more than 1 MiB is stored');
    else if (size > MUCH_STATE) sayOnce(widget, 'STATE-05', 'updatePersistedState', ref, 'more than 64 KiB are stored');
    return size;
  };
}

// watchWrites gives a likeness of a stored state whose properties can be read and not written, as those of the original; but here it is seen who tries.
const likenesses = new NativeWeakMap();
function watchWrites(value, widget) {
  if (value === null || typeof value !== 'object' || !(isArray(value) || (tagOf(value) === '[object Object]' && isLiteral(value)))) return value;
  const known = weakGet(likenesses, value);
  if (known !== undefined) return known;
  const likeness = isArray(value) ? [] : create(getPrototypeOf(value));
  weakSet(likenesses, value, likeness);
  const names = enumerableKeys(value);
  for (let i = 0; i < names.length; i++) {
    const inner = watchWrites(value[names[i]], widget);
    defineProperty(likeness, names[i], {
      enumerable: true,
      get: () => inner,
      set() {
        sayOnce(widget, 'STATE-04', 'persistedState', 0, 'the integration writes on ' + names[i] + ' of the state that it has read');
        throw new NativeTypeError('Cannot assign to read only property ' + quote(names[i]) + ' of object');
      },
    });
  }
  freeze(likeness);
  return likeness;
}

// stored tells Go what a widget has stored, as JSON text, and how much that is: '' where there is nothing.
function stored(widget) {
  const value = storedState(widget);
  return bare({ json: value === undefined ? '' : snapshot(value).json, size: weigh(value).size });
}
