// The page's clock. Time flows as in any page until a jump: then what falls due is fired in order, with a turn of the event loop after each, as if the time had
// passed. Microtasks and message channels are left alone, so frameworks run as ever; the kit's own waits never use this clock.
let offset = 0;
let passedBefore = 0;
let jumping = false;
let jumps = null;
let lastTimer = 0;
let nesting = 0;
let retired = false;
const timers = new NativeMap();
const window = globalThis;

const pageNow = () => performanceNow(clock0) + offset;

// Timers by due time, then by age. A timer that was cleared or armed anew leaves its old place behind; it is skipped when it comes up.
let heap = [];
const before = (a, b) => a.due < b.due || (a.due === b.due && a.id < b.id);

function place(timer) {
  if (heap.length > 2 * mapSize(timers) + 64) compact();
  const item = { due: timer.due, id: timer.id, timer };
  let i = heap.length;
  heap[i] = item;
  while (i > 0) {
    const up = (i - 1) >> 1;
    if (!before(item, heap[up])) break;
    heap[i] = heap[up];
    i = up;
  }
  heap[i] = item;
}

function compact() {
  heap = [];
  mapForEach(timers, (timer) => { heap[heap.length] = { due: timer.due, id: timer.id, timer }; });
  sort(heap, (a, b) => (before(a, b) ? -1 : 1));
}

function removeFirst() {
  const last = heap[heap.length - 1];
  heap.length -= 1;
  if (heap.length === 0) return;
  let i = 0;
  for (;;) {
    let down = 2 * i + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
    if (!before(heap[down], last)) break;
    heap[i] = heap[down];
    i = down;
  }
  heap[i] = last;
}

// earliest answers the timer that falls due next, or null.
function earliest() {
  while (heap.length > 0) {
    const { timer, due } = heap[0];
    if (timer.live && timer.due === due) return timer;
    removeFirst();
  }
  return null;
}

function arm(timer) {
  place(timer);
  if (!jumping) timer.real = setTimer(window, () => { if (!jumping) fire(timer); }, timer.due - pageNow());
}

function startTimer(handler, delay, args, repeats) {
  if (retired) return ++lastTimer;
  let wait = max(0, number(delay) | 0);
  const level = nesting + 1;
  // The browser's own rule for timers that keep starting each other.
  if (level > 5 && wait < 4) wait = 4;
  if (level > 5 && jumpSteps > LONG_JUMP) wait = max(wait, 1000);
  const timer = { id: ++lastTimer, due: pageNow() + wait, wait: repeats ? max(1, wait) : -1, handler, args, level, real: 0, live: true };
  mapSet(timers, timer.id, timer);
  arm(timer);
  return timer.id;
}

function stopTimer(id) {
  const timer = mapGet(timers, number(id));
  if (timer === undefined) return;
  timer.live = false;
  mapDelete(timers, timer.id);
  clearTimer(window, timer.real);
}

// fire runs a timer's handler. What it throws is the page's uncaught error, as with any timer, so there is no catch here.
function fire(timer) {
  if (!timer.live) return;
  if (timer.wait < 0) {
    timer.live = false;
    mapDelete(timers, timer.id);
  } else {
    timer.level++;
    let wait = timer.level > 5 ? max(4, timer.wait) : timer.wait;
    if (timer.level > 5 && jumpSteps > LONG_JUMP) wait = max(wait, 1000);
    timer.due = jumping ? timer.due + wait : max(timer.due + wait, pageNow());
    arm(timer);
  }
  const outer = nesting;
  nesting = timer.level;
  changed();
  try {
    if (typeof timer.handler === 'function') apply(timer.handler, window, timer.args);
    else (0, evaluate)(text(timer.handler));
  } finally {
    nesting = outer;
  }
}
const evaluate = eval;

// A jump with very many steps throttles timers that keep starting each other to one a second, as a browser does with a page that nobody looks at.
const LONG_JUMP = 5000;
let jumpSteps = 0;

// jump lets ms milliseconds pass. The promise is kept when everything that fell due has run and had its turn. Jumps queue up.
function jump(ms) {
  const distance = max(0, number(ms) || 0);
  return promised((resolve) => {
    const mine = { distance, resolve, next: null };
    if (jumps !== null) {
      let last = jumps;
      while (last.next !== null) last = last.next;
      last.next = mine;
      return;
    }
    jumps = mine;
    beginJump();
  });
}

// What a jump waits for: an effect of the browser's own that belongs to this moment of the page's time, and comes in a task of its own.
let holds = 0;
let heldStep = null;

// holdJump answers what lets the jump go on. A hold that nobody lets go ends by itself, so that no page can stop the clock.
const LONGEST_HOLD = 1000;
function holdJump() {
  holds++;
  let open = true;
  const letGo = () => {
    if (!open) return;
    open = false;
    clearTimer(window, bound);
    if (--holds > 0 || heldStep === null) return;
    const step = heldStep;
    heldStep = null;
    turn(step);
  };
  const bound = setTimer(window, letGo, LONGEST_HOLD);
  return letGo;
}

function beginJump() {
  const goal = pageNow() + jumps.distance;
  jumping = true;
  jumpSteps = 0;
  const step = () => {
    if (holds > 0) {
      heldStep = step;
      return;
    }
    const timer = earliest();
    if (timer !== null && timer.due <= goal && !retired) {
      jumpSteps++;
      if (timer.due > pageNow()) offset += timer.due - pageNow();
      clearTimer(window, timer.real);
      // The next step is posted first: a handler that throws ends this task.
      turn(step);
      fire(timer);
      return;
    }
    if (pageNow() < goal) offset += goal - pageNow();
    endJump();
  };
  turn(step);
}

function endJump() {
  jumping = false;
  jumpSteps = 0;
  compact();
  // Sorted, so timers that are due together keep their order.
  for (let i = 0; i < heap.length; i++) {
    const { timer } = heap[i];
    clearTimer(window, timer.real);
    timer.real = setTimer(window, () => { if (!jumping) fire(timer); }, max(0, timer.due - pageNow()));
  }
  const done = jumps;
  jumps = done.next;
  changed();
  if (jumps !== null) beginJump();
  turn(done.resolve);
}

// goOn sets the clock of a new document to what the one before it has seen pass in jumps: for a page that is loaded again no time has gone back.
function goOn(ms) {
  passedBefore = max(0, number(ms) || 0);
}

// passed is how much has passed in jumps, in this document and those before it.
const passed = () => passedBefore + offset;

// pending tells which timers wait, the earliest first: {id, in: ms, every: ms or 0}.
function pending() {
  compact();
  const list = [];
  for (let i = 0; i < heap.length && i < 100; i++) {
    const { timer } = heap[i];
    list[i] = { id: timer.id, in: max(0, timer.due - pageNow()), every: max(0, timer.wait) };
  }
  return list;
}

const timerDue = () => {
  const timer = earliest();
  return timer !== null && timer.due <= pageNow() + 1;
};

override(window, 'setTimeout', (handler, delay, ...args) => startTimer(handler, delay, args, false));
override(window, 'setInterval', (handler, delay, ...args) => startTimer(handler, delay, args, true));
override(window, 'clearTimeout', stopTimer);
override(window, 'clearInterval', stopTimer);

// Which animation frames the page has asked for: a page that asks for none and animates nothing stands still.
const framesAsked = new NativeMap();
const cancelFrame = method(cancelAnimationFrame);
override(window, 'requestAnimationFrame', (callback) => {
  if (typeof callback !== 'function') return requestFrame(window, callback);
  const id = requestFrame(window, (at) => {
    mapDelete(framesAsked, id);
    apply(callback, undefined, [at + offset]);
  });
  mapSet(framesAsked, id, true);
  return id;
});
override(window, 'cancelAnimationFrame', (id) => {
  mapDelete(framesAsked, number(id));
  cancelFrame(window, id);
});

override(Performance.prototype, 'now', function now() { return performanceNow(this) + offset; });

function PageDate(...args) {
  if (new.target === undefined) return dateText(new NativeDate(floor(nativeDateNow() + passedBefore + offset)));
  return construct(NativeDate, args.length === 0 ? [floor(nativeDateNow() + passedBefore + offset)] : args, new.target);
}
const nativeDateNow = Date.now;
PageDate.prototype = NativeDate.prototype;
defineProperty(PageDate, 'prototype', { writable: false });
defineProperty(PageDate, 'length', { value: 7, configurable: true });
override(PageDate, 'now', () => floor(nativeDateNow() + passedBefore + offset));
override(PageDate, 'parse', NativeDate.parse);
override(PageDate, 'UTC', NativeDate.UTC);
defineProperty(NativeDate.prototype, 'constructor', { value: PageDate, writable: true, configurable: true });
override(window, 'Date', PageDate);

const nativeSignalTimeout = method(AbortSignal.timeout);
const signalOf = getter(AbortController.prototype, 'signal');
override(AbortSignal, 'timeout', (ms) => {
  const delay = number(ms);
  if (!(delay >= 0 && delay <= 0x7fffffff)) return nativeSignalTimeout(AbortSignal, ms);
  const controller = new NativeAbortController();
  startTimer(() => abort(controller, new NativeDOMException('signal timed out', 'TimeoutError')), delay, [], false);
  return signalOf(controller);
});
