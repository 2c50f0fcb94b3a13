// Snapshots: a value of the page's world as JSON text, taken at the moment it crosses. What JSON cannot say is said by an object with a "$type". Reading must
// never throw and never take long, whatever the value is: a cycle, a proxy with hostile traps, a getter that throws, a string of megabytes.
const ENTRY_ROOM = 64 * 1024;
const DEEPEST = 16;

// The state of the one snapshot being taken; snapshots do not nest, because getters that record something use a saved state (see snapshot).
let room = 0;
let nodes = 0;
let wasCut = false;

function snapshot(value, limit = ENTRY_ROOM) {
  const outer = room, outerNodes = nodes, outerCut = wasCut;
  room = limit;
  nodes = 4000;
  wasCut = false;
  let json;
  try {
    json = write(value, null, 0);
  } catch (problem) {
    json = typed('unreadable', ',"message":' + quoted(describe(problem), 500));
  }
  const result = { json, cut: wasCut };
  room = outer;
  nodes = outerNodes;
  wasCut = outerCut;
  return result;
}

const quoted = (string, limit) => quote(string.length > limit ? shorten(string, limit) : string);
const shorten = (string, limit) => slice(string, 0, limit) + '… (' + string.length + ' characters)';
const typed = (type, more) => '{"$type":' + quote(type) + (more || '') + '}';

// figure writes any number: one that JSON cannot say would make the whole entry unreadable.
const figure = (value) => (value - value === 0 ? quote(value) : typed('number', ',"value":' + quote(text(value))));

function spend(json) {
  room -= json.length;
  return json;
}

function write(value, above, depth) {
  switch (typeof value) {
    case 'string': {
      const limit = max(room, 32);
      if (value.length > limit) wasCut = true;
      return spend(quoted(value, limit));
    }
    case 'number':
      return spend(figure(value));
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return typed('undefined');
    case 'bigint':
      return spend(typed('bigint', ',"value":' + quoted(bigintText(value), 200)));
    case 'symbol':
      return spend(typed('symbol', ',"value":' + quoted(symbolText(value), 200)));
    case 'function':
      return spend(typed('function', ',"name":' + quoted(nameOf(value), 200)));
  }
  if (value === null) return 'null';
  if (depth >= DEEPEST || room <= 0 || nodes-- <= 0) {
    wasCut = true;
    return typed('cut');
  }
  for (let link = above; link !== null; link = link.above) {
    if (link.value === value) return spend(typed('cycle'));
  }
  try {
    return writeObject(value, { value, above }, depth + 1);
  } catch (problem) {
    return spend(typed('unreadable', ',"message":' + quoted(describe(problem), 500)));
  }
}

function writeObject(value, link, depth) {
  if (isArray(value)) return writeArray(value, link, depth);
  const tag = tagOf(value);
  if (tag === '[object Object]') return writeProperties(value, '', link, depth);
  const special = writeSpecial(value, tag, link, depth);
  if (special !== null) return spend(special);
  const kind = slice(tag, 8, -1);
  return writeProperties(value, enumerableKeys(value).length === 0 ? '"$type":' + quoted(kind, 200) : '', link, depth);
}

// writeSpecial writes the objects that have more to say than their properties, or null. The tag is only a hint, because the page can set it, and what it hides would be
// hidden from every check: the saved getters below throw for an object of another make, and then the value is written by its properties.
function writeSpecial(value, tag, link, depth) {
  try {
    switch (tag) {
      case '[object Error]':
      case '[object DOMException]':
        return isError === undefined || isError(value) ? writeError(value) : null;
      case '[object Date]': {
        const time = dateTime(value);
        return typed('date', ',"value":' + (time === time ? quote(dateISO(value)) : 'null'));
      }
      case '[object File]':
        return typed('file', ',"name":' + quoted(fileName(value), 500) + ',"size":' + blobSize(value) + ',"type":' + quoted(blobType(value), 200));
      case '[object Blob]':
        return typed('blob', ',"size":' + blobSize(value) + ',"type":' + quoted(blobType(value), 200));
      case '[object FileList]':
        return writeItems(value, fileListLength(value), link, depth);
      case '[object Promise]':
        // Nothing asks a promise for its make and leaves it as it is, so one with properties of its own is written by them.
        return enumerableKeys(value).length === 0 ? typed('promise') : null;
      case '[object RegExp]':
        regexpSource(value);
        return typed('regexp', ',"value":' + quoted(text(value), 500));
      case '[object Map]': {
        let items = '';
        mapForEach(value, (item, key) => {
          if (room <= 0) { wasCut = true; return; }
          items += (items === '' ? '' : ',') + '[' + write(key, link, depth) + ',' + write(item, link, depth) + ']';
        });
        return typed('map', ',"entries":[' + items + ']');
      }
      case '[object Set]': {
        let items = '';
        setForEach(value, (item) => {
          if (room <= 0) { wasCut = true; return; }
          items += (items === '' ? '' : ',') + write(item, link, depth);
        });
        return typed('set', ',"values":[' + items + ']');
      }
    }
    if (endsWith(tag, 'Element]')) return typed('element', ',"value":' + quote(nameElement(value)));
    if (tag === '[object Window]') return selfOf(value) ? typed('Window') : null;
    if (endsWith(tag, 'Document]')) return nodeType(value) === 9 ? typed(slice(tag, 8, -1)) : null;
    if (endsWith(tag, 'Event]')) return typeof eventType(value) === 'string' ? typed(slice(tag, 8, -1)) : null;
    if (endsWith(tag, 'ArrayBuffer]')) return typed('ArrayBuffer', ',"bytes":' + bufferBytes(value));
    if (endsWith(tag, 'Array]')) {
      const kind = typedArrayName(value);
      return kind === undefined ? null : typed(kind, ',"bytes":' + typedArrayBytes(value));
    }
  } catch {
    return null;
  }
  return null;
}

const writeArray = (value, link, depth) => writeItems(value, number(value.length), link, depth);

function writeItems(value, length, link, depth) {
  let json = '[';
  for (let i = 0; i < length; i++) {
    if (room <= 0 || nodes <= 0) {
      wasCut = true;
      json += (i > 0 ? ',' : '') + typed('cut', ',"left":' + figure(length - i));
      break;
    }
    let item;
    try {
      item = write(value[i], link, depth);
    } catch (problem) {
      item = typed('threw', ',"message":' + quoted(describe(problem), 500));
    }
    json += (i > 0 ? ',' : '') + item;
    room -= 1;
  }
  return json + ']';
}

// writeProperties writes own enumerable properties as JSON would, so a property that is undefined is left out: a schema then sees what any receiver would see.
function writeProperties(value, first, link, depth) {
  const names = enumerableKeys(value);
  let json = '{' + first;
  for (let i = 0; i < names.length; i++) {
    if (room <= 0 || nodes <= 0) {
      wasCut = true;
      json += (json === '{' ? '' : ',') + '"$cut":' + (names.length - i);
      break;
    }
    let item;
    try {
      const property = value[names[i]];
      if (property === undefined) continue;
      item = write(property, link, depth);
    } catch (problem) {
      item = typed('threw', ',"message":' + quoted(describe(problem), 500));
    }
    json += (json === '{' ? '' : ',') + spend(quoted(names[i], 1000)) + ':' + item;
  }
  return json + '}';
}

// writeError keeps what helps a person: name, message, the stack and a code, each read on its own because any of them may throw.
function writeError(value) {
  let json = typed('error', ',"name":' + quoted(readText(value, 'name'), 200) + ',"message":' + quoted(readText(value, 'message'), 4000));
  const code = readText(value, 'code');
  if (code !== '' && code !== '0') json = slice(json, 0, -1) + ',"code":' + quoted(code, 200) + '}';
  const stack = stackOf(value);
  if (stack !== '') json = slice(json, 0, -1) + ',"stack":' + quoted(stack, 4000) + '}';
  return json;
}

function readText(value, name) {
  try {
    const property = value[name];
    return typeof property === 'string' ? property : typeof property === 'number' ? text(property) : '';
  } catch {
    return '';
  }
}

const stackOf = (value) => (value !== null && typeof value === 'object' ? readText(value, 'stack') : '');
const nameOf = (fn) => readText(fn, 'name');

// describe says in a few words what was thrown.
function describe(problem) {
  if (problem !== null && typeof problem === 'object') {
    const name = readText(problem, 'name');
    const message = readText(problem, 'message');
    if (message !== '' || name !== '') return name === '' ? message : message === '' ? name : name + ': ' + message;
    return 'an object without a message';
  }
  if (typeof problem === 'symbol') return symbolText(problem);
  if (typeof problem === 'function') return 'the function ' + nameOf(problem);
  return text(problem);
}

// nameElement names an element as a stylesheet would: button#send.primary.
function nameElement(element) {
  let name = lower(tagName(element));
  const id = getAttribute(element, 'id');
  if (id) name += '#' + id;
  const classes = getAttribute(element, 'class');
  const first = classes ? exec(/\S+/, classes) : null;
  if (first !== null) name += '.' + first[0];
  return name.length > 120 ? slice(name, 0, 120) : name;
}
