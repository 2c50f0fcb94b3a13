// The kit's hand in the page: what the user sees and can reach, and the object globalThis.deskcheck that the host page and Go speak to.
const hand = create(null);
let driver = null;

// drawsLate tells of a host that draws in its own time: it says for how many frames an element must have stood still, because nothing else tells when it is done.
const drawsLate = () => driver !== null && whole(driver.still) > 0;

// stillDraws asks such a host whether something that it has is not on the screen yet.
function stillDraws() {
  if (!drawsLate() || typeof driver.busy !== 'function') return false;
  screen();
  try {
    return driver.busy() === true;
  } catch {
    return false;
  }
}

// The screen is recorded when something visible may have changed, at most once a task.
const screens = new NativeMap();
let lookQueued = false;
function queueLook() {
  if (lookQueued || sealed) return;
  lookQueued = true;
  turn(() => {
    lookQueued = false;
    screen();
  });
}

// screen looks now, records what changed and answers what is seen as JSON text.
function screen() {
  if (driver === null || typeof driver.look !== 'function') return '';
  let all = '';
  const widgets = max(1, whole(driver.widgets));
  for (let widget = 0; widget < widgets; widget++) {
    let shot;
    try {
      shot = snapshot(driver.look(widget));
    } catch (problem) {
      shot = { json: typed('threw', ',"message":' + quoted(describe(problem), 500)), cut: false };
    }
    all += (widget > 0 ? ' ' : '') + shot.json;
    if (shot.json === mapGet(screens, widget)) continue;
    mapSet(screens, widget, shot.json);
    emit('screen', 'screen', 'host', 'user', shot.json, 0, widget, shot.cut ? CUT : '', '');
  }
  return all;
}

const shadows = new NativeWeakMap();
const watchAll = { __proto__: null, subtree: true, childList: true, attributes: true, characterData: true };
const observer = new NativeMutationObserver(mutated);
observe(observer, document, watchAll);
override(Element.prototype, 'attachShadow', function (options) {
  const root = attachShadow(this, options);
  weakSet(shadows, this, root);
  observe(observer, root, watchAll);
  return root;
});
stay(document, 'input', mutated);

function mutated() {
  if (drawsLate()) changed();
  queueLook();
  if (sought !== null) sought.again();
}

// The element that Go waits for: what is wrong with it now, and how to look again. One at a time, as a user has one hand.
let sought = null;
let frameCount = 0;

// target is kept with the point {x, y} of an element that the driver names, or that fits a target (see 7-target.js), once a user could click it there.
const target = (name, widget) => seek(name, widget, (search) => {
  const point = reach(search);
  if (point === null) return null;
  aimed = drawsLate() ? { element: search.element, hit: false } : null;
  return bare({ x: point.x, y: point.y, moves: aimed !== null });
});

// seek is kept with what a look at the page gives, once that is something: it looks now, and again whenever the page may have changed.
function seek(name, widget, look) {
  if (sought !== null) sought.over = true;
  return promised((resolve, reject) => {
    const search = { name, widget, over: false, queued: false, reason: '', fits: [], restless: false, element: null, box: null, frame: -1, drawn: null, still: 0, scrolls: 0 };
    const attempt = () => {
      search.queued = false;
      if (search.over) return;
      let found;
      try {
        found = look(search);
      } catch (problem) {
        search.over = true;
        sought = null;
        reject(problem);
        return;
      }
      if (found !== null) {
        search.over = true;
        sought = null;
        resolve(found);
        return;
      }
      // Layout may change without a mutation, so an element that is there is looked at again with every frame.
      if ((search.element !== null || search.restless) && !search.queued) {
        search.queued = true;
        requestFrame(window, () => {
          frameCount++;
          attempt();
        });
      }
    };
    search.again = () => {
      if (search.queued) return;
      search.queued = true;
      turn(attempt);
    };
    sought = search;
    attempt();
  });
}

function findElement(search) {
  if (typeof search.name === 'object') return findTarget(search);
  if (driver === null || typeof driver.find !== 'function') {
    search.reason = 'the page has no driver (deskcheck.ui is not set)';
    return null;
  }
  let element;
  try {
    element = driver.find(search.name, search.widget);
  } catch (problem) {
    search.reason = 'looking for it threw ' + describe(problem);
    return null;
  }
  if (element === null || element === undefined) {
    search.reason = 'there is no such element on the page';
    return null;
  }
  try {
    tagName(element);
  } catch {
    search.reason = 'the page offered something that is not an element';
    return null;
  }
  return element;
}

function reach(search) {
  const element = search.element = findElement(search);
  if (element === null) return null;
  const name = '<' + nameElement(element) + '>';
  if (!isConnected(element)) return refuse(search, name + ' is not in the document');
  if (!checkVisibility(element, { __proto__: null, opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) return refuse(search, name + ' is hidden');
  if (matches(element, ':disabled') || getAttribute(element, 'aria-disabled') === 'true') return refuse(search, name + ' is disabled');
  const inert = closest(element, '[inert]');
  if (inert !== null) return refuse(search, name + ' is inert because of <' + nameElement(inert) + '>');
  const box = boundingBox(element);
  if (box.width <= 0 || box.height <= 0) return refuse(search, name + ' has no size (' + box.width + ' by ' + box.height + ')');

  const drawn = drawnAt(timeline);
  // Between two frames the browser takes the time of animations for that of the next one already, so that what moves may be found in one place twice.
  const later = search.frame !== frameCount && (drawn === null || search.drawn !== drawn);
  const still = search.box !== null && later && box.x === search.box.x && box.y === search.box.y && box.width === search.box.width && box.height === search.box.height;
  if (later || search.box === null) {
    search.still = still ? search.still + 1 : 0;
    search.box = box;
    search.frame = frameCount;
    search.drawn = drawn;
  }
  if (drawsLate() ? search.still < driver.still : still ? starting() : restless()) return refuse(search, name + ' is still moving, or the page is animating something');

  const points = clickPoints(element, box);
  if (!inView(points[0]) && search.scrolls < 3) {
    search.scrolls++;
    scrollIntoView(element, { __proto__: null, block: 'center', inline: 'center', behavior: 'instant' });
    return reach(search);
  }
  let cover = null;
  for (let i = 0; i < points.length; i++) {
    if (!inView(points[i])) continue;
    const hit = hitAt(points[i].x, points[i].y);
    if (isWithin(element, hit)) return points[i];
    cover ??= hit;
  }
  // It may have been scrolled under the edge of a box within the window.
  if (cover !== null && search.scrolls < 1) {
    search.scrolls++;
    scrollIntoView(element, { __proto__: null, block: 'center', inline: 'center', behavior: 'instant' });
    return reach(search);
  }
  return refuse(search, cover === null ? name + ' is outside of the window' : name + ' is covered by <' + nameElement(cover) + '>');
}

function refuse(search, reason) {
  search.reason = reason;
  return null;
}

// restless tells whether anything on the page could move between now and the next frames.
function restless() {
  if (mapSize(framesAsked) > 0) return true;
  const timer = earliest();
  if (timer !== null && timer.due < pageNow() + 100) return true;
  const animations = animationsOf(document);
  for (let i = 0; i < animations.length; i++) {
    if (animations[i].playState === 'running') return true;
  }
  return false;
}

// starting tells whether an animation has been asked for and has not moved anything yet, though it will. Its first frame is where it begins.
function starting() {
  const animations = animationsOf(document);
  for (let i = 0; i < animations.length; i++) {
    if (animations[i].pending) return true;
    if (animations[i].playState === 'running' && animations[i].currentTime === 0 && animations[i].playbackRate !== 0) return true;
  }
  return false;
}

// clickPoints lists where a user might click: the middle, then around it, for elements that are covered in part.
function clickPoints(element, box) {
  const rects = clientRects(element);
  const { x, y, width, height } = rects.length > 1 ? rects[0] : box;
  return [
    { x: x + width / 2, y: y + height / 2 }, { x: x + width / 4, y: y + height / 2 }, { x: x + width * 3 / 4, y: y + height / 2 },
    { x: x + width / 2, y: y + height / 4 }, { x: x + width / 2, y: y + height * 3 / 4 },
  ];
}

const inView = (point) => point.x >= 0 && point.y >= 0 && point.x < innerWidth && point.y < innerHeight;

const shadowOf = (element) => weakGet(shadows, element) ?? shadowRootOf(element);

function hitAt(x, y) {
  let hit = elementAt(document, x, y);
  while (hit !== null) {
    const root = shadowOf(hit);
    if (root === null) break;
    const inner = elementInShadowAt(root, x, y);
    if (inner === null || inner === hit) break;
    hit = inner;
  }
  return hit;
}

// isWithin tells whether a node is the element or inside of it, through shadow roots.
function isWithin(element, node) {
  while (node !== null) {
    if (node === element) return true;
    let parent = parentOf(node);
    if (parent === null) {
      try {
        parent = hostOf(node);
      } catch { /* the document has no host */ }
    }
    node = parent;
  }
  return false;
}

// A host that draws in its own time may move an element between the look and the press; then the click lands elsewhere, and the user aims again.
let aimed = null;
stay(window, 'click', (event) => {
  if (aimed === null) return;
  try {
    const path = pathOf(event);
    for (let i = 0; i < path.length; i++) if (path[i] === aimed.element) aimed.hit = true;
  } catch { /* no event of the browser's */ }
});

// landed tells whether the click that followed the last aim hit what it was aimed at.
const landed = () => aimed === null || aimed.hit;

// why ends the search and says what was wrong with the element, and what the user saw; of a target also which elements fit, and which there are instead.
function why() {
  const search = sought;
  sought = null;
  const reason = search === null ? 'the page was busy' : search.reason;
  if (search !== null) search.over = true;
  const told = bare({ reason, screen: shorten2000(screen()) });
  if (search === null || typeof search.name !== 'object') return told;
  told.fits = portrayAll(search.fits, 10);
  told.shows = search.fits.length > 0 ? [] : portrayAll(controls(search.name.role), 20);
  told.frames = select(document, 'iframe, frame').length;
  return told;
}
const shorten2000 = (string) => (string.length > 2000 ? shorten(string, 2000) : string);

// focused tells {astray, nowhere, lines}: astray is '' when what is typed goes into the named element, else where it would go; nowhere, whether that is into nothing at all; lines, whether a
// line break can be typed there.
function focused(name, widget) {
  const search = { name, widget, reason: '' };
  const element = findElement(search);
  if (element === null) return bare({ astray: search.reason, lines: false });
  let focus = focusedInDocument(document);
  for (;;) {
    const root = focus === null ? null : shadowOf(focus);
    const inner = root === null ? null : focusedInShadow(root);
    if (inner === null) break;
    focus = inner;
  }
  if (isWithin(element, focus)) return bare({ astray: '', lines: tagName(focus) !== 'INPUT' });
  const astray = 'after the click the focus is on ' + (focus === null ? 'nothing' : '<' + nameElement(focus) + '>') + ', not in <' + nameElement(element) + '>';
  return bare({ astray, nowhere: focus === null || tagName(focus) === 'BODY', lines: false });
}

// retire ends the page's life as far as it can from within: no timers, no sockets, no entries. The tab is then free for the next scenario.
function retire() {
  sealed = true;
  retired = true;
  mapForEach(timers, (timer) => {
    timer.live = false;
    clearTimer(window, timer.real);
  });
  setForEach(sockets, (socket) => {
    try {
      closeSocket(socket);
    } catch {
      closeSource(socket);
    }
  });
  return true;
}

// call runs globalThis.<path>(...args) with arguments given as a JSON list. What it promises can be awaited even if the page broke its promises. Go is given the whole hand
// where the page would find one that is shut.
function call(path, json) {
  let self;
  let value = window;
  let at = 0;
  while (at <= path.length) {
    const dot = indexOf(path, '.', at);
    const name = slice(path, at, dot < 0 ? path.length : dot);
    if (value === null || value === undefined) throw new NativeTypeError(path + ' cannot be called: ' + slice(path, 0, max(0, at - 1)) + ' is ' + value);
    self = value;
    value = value === window && name === 'deskcheck' ? hand : value[name];
    at = dot < 0 ? path.length + 1 : dot + 1;
  }
  if (typeof value !== 'function') throw new NativeTypeError(path + ' cannot be called: it is ' + (value === null ? 'null' : typeof value));
  const result = apply(value, self, parseJSON(json));
  let settle;
  const safe = promised((resolve, reject) => { settle = { resolve, reject }; });
  return follow(result, settle.resolve, settle.reject) ? safe : result;
}

// What belongs to the page: an integration that replaces a global, or what all objects have in common, changes the ground under everybody else's feet. Our own stand-ins
// were in place before. New methods that no loop over properties meets are left alone: polyfills bring them.
const grounds = ['AbortController', 'Array', 'Date', 'Error', 'EventTarget', 'JSON', 'Map', 'Math', 'Object', 'Promise', 'Proxy', 'Reflect', 'Request', 'Response', 'Set', 'String', 'Symbol', 'URL',
  'WeakMap', 'WebSocket', 'XMLHttpRequest', 'clearTimeout', 'console', 'crypto', 'fetch', 'performance', 'queueMicrotask', 'setInterval', 'setTimeout', 'structuredClone'];
const { prototype: ArrayPrototype } = Array;
const { prototype: PromisePrototype } = Promise;
const owned = [];
for (let i = 0; i < grounds.length; i++) own(grounds[i], window, grounds[i]);
own('Object.assign', Object, 'assign');
own('Object.freeze', Object, 'freeze');
own('Object.keys', Object, 'keys');
own('Promise.prototype.then', PromisePrototype, 'then');
function own(name, holder, key) {
  owned[owned.length] = { name, holder, key, value: holder[key] };
}

// tampered lists what is not what it was. The list inherits nothing, for a then that the page gave to all objects would have the browser wait for it in vain.
function tampered() {
  const list = [];
  const add = (name) => {
    // Not by assignment, which would ask a setter that the page gave to all arrays.
    if (list.length < 50) defineProperty(list, list.length, { value: name, enumerable: true, writable: true, configurable: true });
  };
  for (let i = 0; i < owned.length; i++) {
    const { name, holder, key, value } = owned[i];
    let now;
    try {
      now = holder[key];
    } catch { /* a getter that throws is not what was there */ }
    if (now !== value) add(name);
  }
  // Every loop over properties meets an enumerable one.
  const added = enumerableKeys(ObjectPrototype);
  for (let i = 0; i < added.length; i++) add('Object.prototype.' + slice(added[i], 0, 100));
  // With then every object passes for a promise, with get or set every description of a property for that of an accessor.
  const never = ['then', 'get', 'set'];
  for (let i = 0; i < never.length; i++) {
    const property = getOwnPropertyDescriptor(ObjectPrototype, never[i]);
    if (property !== undefined && !bare(property).enumerable) add('Object.prototype.' + never[i]);
  }
  const addedToArrays = enumerableKeys(ArrayPrototype);
  for (let i = 0; i < addedToArrays.length; i++) add('Array.prototype.' + slice(addedToArrays[i], 0, 100));
  return bare(list);
}

// accuse records once what was replaced, while there is still a page to say so: such a page may never come to an end at which it could be asked.
let accused = false;
function accuse() {
  if (accused) return;
  const list = tampered();
  if (list.length === 0) return;
  accused = true;
  let names = '';
  for (let i = 0; i < list.length; i++) names += (i > 0 ? ', ' : '') + list[i];
  emit('violation', 'tampered', 'integration', 'page', '', 0, 0, 'replaced or added under everybody else: ' + names, '');
  // With it no promise that is kept with an object is ever kept, the host's and the kit's included, so that nothing else could be learnt. The verdict stands already.
  deleteProperty(ObjectPrototype, 'then');
}

const fixed = (name, value) => defineProperty(hand, name, { value, enumerable: true });
const frozen = (members) => Object.freeze(Object.assign(create(null), members));
fixed('record', record);
fixed('attempt', setAttempt);
fixed('wrapFactory', wrapFactory);
fixed('settled', (want) => {
  accuse();
  return settled(want);
});
fixed('locate', locate);
fixed('screen', screen);
fixed('tampered', tampered);
fixed('capture', frozen({ end: endCapture, refuse: refuseCapture }));
fixed('integrationScripts', setIntegrationScripts);
fixed('clock', frozen({ now: () => timeOrigin + passedBefore + pageNow(), jump, pending }));
fixed('kit', frozen({ target, appear, vanish, sees, pick, landed, why, focused, retire, call, unsettled, goOn, stored, unanswered: () => unanswered, inFlight: () => mapSize(flights), roam, passed, stays: () => stays(), standIn, forget: () => goesOn || sessionStorage.clear() }));
defineProperty(hand, 'ui', {
  enumerable: true,
  get: () => driver,
  set(value) {
    driver = value;
    mutated();
  },
});
defineProperty(hand, 'page', { value: null, writable: true, enumerable: true });
Object.preventExtensions(hand);

// What the page finds as globalThis.deskcheck is a door to the hand. It stands open to the host's scripts, which take from it what they need and offer ui and page; with
// the page it falls shut, before the integration is there. An integration with this hand could write the record, stop it, or choose what the user sees; so from then on
// whoever reaches for it gets nothing and stands in the record. Go has the word that opens it.
const door = create(null);
let shut = false;
const reached = new NativeSet();
function trespass(name) {
  if (setHas(reached, name)) return;
  setAdd(reached, name);
  emit('violation', 'deskcheck', 'integration', 'page', '', 0, 0, 'a script of the page reached for deskcheck.' + name + ', which is the kit\'s and its host\'s alone', '');
}
function hang(name) {
  defineProperty(door, name, {
    enumerable: true,
    get() {
      if (!shut) return hand[name];
      trespass(name);
      return undefined;
    },
    set(value) {
      if (shut || (name !== 'ui' && name !== 'page')) {
        trespass(name);
        return;
      }
      hand[name] = value;
      shut = name === 'page';
    },
  });
}
const hung = getOwnPropertyNames(hand);
for (let i = 0; i < hung.length; i++) hang(hung[i]);
defineProperty(door, 'hand', {
  value(word) {
    if (word === BINDING) return hand;
    trespass('hand');
    return undefined;
  },
});
Object.preventExtensions(door);
defineProperty(globalThis, 'deskcheck', { value: door });

control('$hello', ',"d":{"url":' + quote(location.href) + '}');
listen(document, 'DOMContentLoaded', () => {
  queueLook();
  control('$ready', ',"d":{"status":' + (arrival === null ? 0 : whole(arrival.responseStatus)) + '}');
});
