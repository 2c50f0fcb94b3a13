// The page's own voice: uncaught errors, the console, dialogs, and attempts to open, close or leave. All of it is recorded and nothing of it may stop a run.

// Code is told apart by the address of the script that a stack names first.
let integrationScripts = ['/integration', '/probe'];
function setIntegrationScripts(list) {
  const fresh = [];
  for (let i = 0; i < list.length; i++) fresh[i] = text(list[i]);
  integrationScripts = fresh;
}

// blame answers 'integration', 'host', or 'page' when no script is named. Addresses in the message that a stack begins with are no scripts, so only its frames are asked.
function blame(stack, source) {
  const found = exec(/^ +at (?:[^\n]*[( ])?(https?:\/\/[^\s()]+?)(?::\d+){1,2}(?=[\s),]|$)/m, stack);
  const url = found !== null ? found[1] : source;
  if (!startsWith(url, 'http')) return 'page';
  return isOfIntegration(url) ? 'integration' : 'host';
}

function isOfIntegration(url) {
  const path = slice(url, indexOf(url, '/', 8));
  for (let i = 0; i < integrationScripts.length; i++) {
    if (startsWith(path, integrationScripts[i]) || startsWith(url, integrationScripts[i])) return true;
  }
  return false;
}

const MOST_ERRORS = 200;
let errors = 0;

function pageError(event, name, problem, message, source, line, column) {
  // Errors beyond counting would only load the browser's own log.
  if (++errors > MOST_ERRORS) {
    preventDefault(event);
    if (errors > MOST_ERRORS + 1) return;
    emit('error', 'flooded', 'page', 'page', '', 0, 0, 'errors flooded: no more of them are recorded', '');
    return;
  }
  unmask(problem);
  const stack = stackOf(problem);
  const from = blame(stack, source);
  const data = '{"message":' + quoted(message, 4000) + ',"name":' + quoted(problem !== null && typeof problem === 'object' ? readText(problem, 'name') : typeof problem, 200) +
    ',"source":' + quoted(source, 500) + ',"line":' + line + ',"column":' + column + ',"stack":' + quoted(stack, 4000) + '}';
  emit('error', name, from, 'page', data, 0, 0, from === 'page' ? 'no stack tells whose it is' : '', '');
}

// missingResource records what an element could not load, such as a picture. It is no error of a script: nothing threw, and without a stack nobody knows who asked for it,
// unless it is the integration itself that did not come.
function missingResource(element) {
  if (++resources > MOST_RESOURCES) return;
  if (resources === MOST_RESOURCES) {
    emit('error', 'resource', 'page', 'page', '{"message":"no more resources that could not be loaded are recorded"}', 0, 0, '', '');
    return;
  }
  const source = text(element.src || element.href || '');
  const from = isOfIntegration(source) ? 'integration' : 'page';
  emit('error', 'resource', from, 'page', '{"message":' + quote('could not load ' + nameElement(element)) + ',"element":' + quoted(lower(tagName(element)), 100) +
    ',"source":' + quoted(source, 500) + '}', 0, 0, from === 'page' ? 'no stack tells whose it is' : '', '');
}
const MOST_RESOURCES = 200;
let resources = 0;

stay(window, 'error', (event) => {
  try {
    const { target } = event;
    if (target !== window && target !== null) {
      missingResource(target);
      return;
    }
    pageError(event, 'uncaught', event.error, event.error === null || event.error === undefined ? text(event.message) : describe(event.error),
      text(event.filename), number(event.lineno) | 0, number(event.colno) | 0);
  } catch { /* an event that cannot be read is the page's own forgery */ }
});

stay(window, 'unhandledrejection', (event) => {
  try {
    pageError(event, 'unhandledrejection', event.reason, describe(event.reason), '', 0, 0);
  } catch { /* as above */ }
});
const writers = ['open', 'write', 'writeln'];
for (let i = 0; i < writers.length; i++) {
  const native = Document.prototype[writers[i]];
  override(Document.prototype, writers[i], function (...args) {
    try {
      return apply(native, this, args);
    } finally {
      listenAgain();
    }
  });
}

// The console: recorded up to a limit, which is no reproach: who debugs says much. Only a flood is one, and after it the console is silent. With a visible browser it also
// still prints, for whoever has the developer tools open.
const MOST_LINES = 200;
const MOST_CONSOLE_BYTES = 256 * 1024;
const FLOOD_LINES = 5000;
const FLOOD_CHARACTERS = 4 * 1024 * 1024;
// One line is no flood, however long it is.
const MOST_OF_ONE = 1024 * 1024;
const LINE_ROOM = 8 * 1024;
let lines = 0;
let characters = 0;
let consoleBytes = 0;
let consoleFull = false;
let consoleFlooded = false;

// consoleLine records a line, and answers whether it may still be printed.
function consoleLine(level, args) {
  if (consoleFlooded || sealed) return false;
  lines++;
  let length = 0;
  for (let i = 0; i < args.length; i++) {
    if (typeof args[i] === 'string') length += args[i].length;
    else unmask(args[i]);
  }
  characters += min(length, MOST_OF_ONE);
  if (lines > FLOOD_LINES || characters > FLOOD_CHARACTERS) {
    consoleFlooded = true;
    emit('console', 'flooded', 'page', 'page', '', 0, 0, 'console flooded: no more of it is recorded', '');
    return false;
  }
  if (consoleFull) return true;
  if (lines > MOST_LINES || consoleBytes > MOST_CONSOLE_BYTES) {
    consoleFull = true;
    emit('console', 'dropped', 'page', 'page', '', 0, 0, 'the console says more than is recorded: what follows is left out', '');
    return true;
  }
  recordLine(level, args);
  return true;
}

function recordLine(level, args) {
  let line = '';
  for (let i = 0; i < args.length && line.length < LINE_ROOM; i++) {
    const piece = typeof args[i] === 'string' ? args[i] : stackOf(args[i]) || snapshot(args[i], 2048).json;
    line += (i > 0 ? ' ' : '') + (piece.length > LINE_ROOM ? shorten(piece, LINE_ROOM) : piece);
  }
  consoleBytes += line.length;
  emit('console', level, 'page', 'page', '{"text":' + quote(line) + '}', 0, 0, '', '');
}

const spoken = ['debug', 'dir', 'dirxml', 'error', 'group', 'groupCollapsed', 'info', 'log', 'table', 'trace', 'warn'];
const silent = ['assert', 'clear', 'count', 'countReset', 'groupEnd', 'profile', 'profileEnd', 'time', 'timeEnd', 'timeLog', 'timeStamp'];
function overrideConsole(level, speak) {
  const native = console[level];
  if (typeof native !== 'function') return;
  override(console, level, (...args) => {
    if (speak(args) && HEADED) apply(native, console, args);
  });
}
for (let i = 0; i < spoken.length; i++) overrideConsole(spoken[i], (args) => consoleLine(spoken[i], args));
for (let i = 0; i < silent.length; i++) overrideConsole(silent[i], (args) => (silent[i] === 'assert' ? !args[0] && consoleLine('assert', args) : !consoleFlooded));

// Dialogs answer at once, the way a user who closes them would, because a real one stops the page and every other command with it.
const dialog = (name, answer) => override(window, name, (message) => {
  emit('dialog', name, 'page', 'user', message === undefined ? '' : '{"text":' + quoted(readable(message), 4000) + '}', 0, 0, '', '');
  return answer;
});
dialog('alert', undefined);
dialog('confirm', false);
dialog('prompt', null);
dialog('print', undefined);

function readable(value) {
  try {
    return text(value);
  } catch (problem) {
    return 'unreadable: ' + describe(problem);
  }
}

override(window, 'open', (url, target, features) => {
  emit('popup', 'open', 'page', 'user', '{"url":' + quoted(url === undefined ? '' : readable(url), 2000) + ',"target":' + quoted(target === undefined ? '' : readable(target), 200) +
    ',"features":' + quoted(features === undefined ? '' : readable(features), 500) + '}', 0, 0, '', '');
  return null;
});
override(window, 'close', () => {
  emit('navigation', 'close', 'page', 'page', '', 0, 0, 'the page tried to close its window', '');
});

// Leaving: the page is kept where it is so that its evidence stays, and Go is told, which ends the scenario's tab. Moves within the document are only recorded.
if (typeof navigation === 'object') {
  stay(navigation, 'navigate', (event) => {
    const { destination } = event;
    const within = destination.sameDocument;
    const data = (kept) => '{"url":' + quoted(destination.url, 2000) + ',"type":' + quote(event.navigationType) + ',"form":' + (event.formData !== null) + ',"kept":' + kept + '}';
    if (within) {
      emit('navigation', 'within', 'page', 'page', data(false), 0, 0, '', '');
      return;
    }
    if (roaming && isOfOrigin(destination.url) && isPage(event)) {
      emit('navigation', 'onward', 'page', 'page', data(false), 0, 0, '', '');
      setOff(destination.url, event.signal);
      return;
    }
    const kept = event.cancelable;
    if (kept) preventDefault(event);
    const name = !isPage(event) ? 'download' : leaves(destination.url) ? 'away' : 'other';
    emit('navigation', name, 'page', 'page', data(kept), 0, 0, kept ? 'the page was kept where it is' : '', '');
    if (name === 'away') control('$left', ',"d":{"url":' + quoted(destination.url, 2000) + '}');
  });
}
// Addresses such as mailto: open another program and leave the page where it is.
function leaves(url) {
  const stays = exec(/^(?!https?:|about:|blob:|data:|file:|filesystem:)[a-z][a-z0-9+.-]*:/i, url);
  return stays === null;
}

const isPage = (event) => event.downloadRequest === null || event.downloadRequest === undefined;
const isOfOrigin = (url) => url === pageOrigin || startsWith(url, pageOrigin + '/');

// A page that is on its way to another document is at rest only there. It stays where it is if the browser gives that up, or finds that it is no page.
let roaming = false;
let stays = () => {};
function setOff(url, signal) {
  stays();
  stays = takeOff('the page goes to ' + slice(url, 0, 200));
  listen(signal, 'abort', stays, once);
}

// A name given to the window by an earlier scenario would otherwise live on in a reused tab. A reload keeps it, as in any browser.
const arrivals = performance.getEntriesByType('navigation');
const arrival = arrivals.length > 0 ? arrivals[0] : null;
const carried = startsWith(window.name, BINDING) ? window.name : '';
if (carried !== '' || (window.name !== '' && (arrival === null || arrival.type !== 'reload'))) window.name = '';

// roam lets the page go from one document of its origin to another; the word is known to all of them. What must be there before the first script of the next document goes
// with the window's name, from the last moment of the one before, when none of its scripts looks any more.
let goesOn = false;
function roam(word) {
  roaming = true;
  const mark = BINDING + ' ' + word + ' ';
  if (startsWith(carried, mark)) {
    goesOn = true;
    // Its scripts are not known to be on their way, so it is on its way itself until they have run.
    listen(document, 'DOMContentLoaded', takeOff('the page is being read'), once);
    const rest = slice(carried, mark.length);
    const end = indexOf(rest, ' ');
    goOn(slice(rest, 0, end));
    window.name = slice(rest, end + 1);
  }
  stay(window, 'pagehide', () => { window.name = mark + passed() + ' ' + window.name; });
}
