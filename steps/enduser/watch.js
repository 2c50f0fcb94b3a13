// What an end user sees of a connector's page: its bubbles and notices, by targets that the vendor has named (see page.go). It runs in every document before the page's own scripts, with
// {selectors, probe, requirement} as deskcheckUser, and tells Go of each line once ("line": an id and what stands there now), and with each look which lines are there, in order.

/* global deskcheckUser */
const { selectors, probe, requirement } = deskcheckUser;
const { locate, record } = globalThis.deskcheck;

// Words of others that manage to run call this.
Object.defineProperty(globalThis, probe, {
  value() {
    record({ kind: 'violation', name: probe, from: 'page', to: 'user', requirement, note: 'a text that somebody wrote was run as a script in the user\'s page' });
  },
});

const stamp = Math.random().toString(36).slice(2);
const ids = new WeakMap();
const told = new Map();
let count = 0;
let changes = 0;

const isSeen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0;
const all = (name) => (selectors[name] ? locate(selectors[name]).filter(isSeen) : []);
const above = (node) => node.parentNode ?? node.host;

// pathOf is the element with all that is around it, from the outside in, through shadow roots.
function pathOf(element) {
  const path = [];
  for (let node = element; node; node = above(node)) path.unshift(node);
  return path;
}

const holds = (outer, inner) => outer !== inner && pathOf(inner).includes(outer);

// before says whether an element stands before another on the page.
function before(a, b) {
  const [one, other] = [pathOf(a), pathOf(b)];
  let i = 0;
  while (i < one.length && i < other.length && one[i] === other[i]) i++;
  if (i === one.length || i === other.length) return one.length < other.length;
  return Boolean(one[i].compareDocumentPosition(other[i]) & Node.DOCUMENT_POSITION_FOLLOWING);
}

function idOf(element) {
  if (!ids.has(element)) ids.set(element, `${stamp}-${++count}`);
  return ids.get(element);
}

const sides = ['user', 'agent', 'bot', 'system'];

// bubbles are the elements of lines with whose they are.
function bubbles() {
  const found = new Map();
  for (const element of all('message')) found.set(element, '');
  for (const side of sides) {
    for (const element of all(`from ${side}`)) {
      if (!selectors.message) found.set(element, side);
      else for (const bubble of found.keys()) if (bubble === element || holds(bubble, element) || holds(element, bubble)) found.set(bubble, side);
    }
  }
  return [...found].sort(([a], [b]) => (before(a, b) ? -1 : 1));
}

// within are the elements of a part that stand inside of an element, or are it.
const within = (name, element) => all(name).filter((part) => part === element || holds(element, part));

// wordsOf is what is read in a node apart from some elements. What is only there to lay out the page's source is not read.
function wordsOf(node, without) {
  if (node.nodeType !== Node.ELEMENT_NODE || without.includes(node)) return '';
  if (node.tagName === 'BR') return '\n';
  const { display, whiteSpace } = getComputedStyle(node);
  if (!isSeen(node) && display !== 'contents') return '';
  const keeps = /pre|break-spaces/.test(whiteSpace);
  let text = '';
  let gap = '';
  for (const child of inside(node)) {
    const isText = child.nodeType === Node.TEXT_NODE;
    const words = isText ? child.data : wordsOf(child, without);
    if (!isText || keeps) {
      text += words && gap + words;
      gap = words === '' ? gap : '';
      continue;
    }
    const lined = words.trim().replace(/\s+/g, ' ');
    if (lined !== '') text += (text !== '' && (gap || /^\s/.test(words)) ? ' ' : '') + lined;
    gap = text !== '' && (lined === '' ? gap || words : /\s$/.test(words)) ? ' ' : '';
  }
  return /^(inline|contents)/.test(display) ? text : `\n${text}\n`;
}

// inside are the nodes that are drawn in the place of an element.
function inside(node) {
  if (node.shadowRoot) return node.shadowRoot.childNodes;
  const taken = node.tagName === 'SLOT' ? node.assignedNodes({ flatten: true }) : [];
  return taken.length > 0 ? taken : node.childNodes;
}

const plain = (text) => text.replace(/\n{3,}/g, '\n\n').replace(/^\s*\n+|\n+\s*$/g, '');

function fileOf(element) {
  const link = element.closest('a[href]') ?? element.querySelector('a[href]');
  const name = (element.innerText ?? '').trim() || element.getAttribute('aria-label') || element.getAttribute('alt') || link?.download || '';
  return { name, url: link?.href ?? element.src ?? '' };
}

function lineOf(element, side) {
  const authors = within('author', element);
  const attachments = within('attachment', element);
  const texts = within('text', element);
  const read = texts.length > 0 ? texts : [element];
  return {
    from: side,
    author: authors.map((author) => author.innerText.trim()).join(' '),
    text: read.map((part) => plain(wordsOf(part, [...authors, ...attachments]))).join('\n'),
    files: attachments.map(fileOf),
  };
}

// tell gives the id of an element, and says what stands there if that is news.
function tell(element, line) {
  const id = idOf(element);
  const json = JSON.stringify(line);
  if (told.get(id) !== json) {
    told.set(id, json);
    changes++;
    record({ kind: 'screen', name: 'line', from: 'host', to: 'user', data: { id, ...line } });
  }
  return id;
}

function look() {
  try {
    const lines = bubbles().map(([element, side]) => tell(element, lineOf(element, side)));
    const notices = all('notice').filter((element) => element.innerText.trim() !== '').map((element) => tell(element, { from: 'system', author: '', text: element.innerText.trim(), files: [] }));
    const is = (name) => all(name).length > 0;
    return { changes, lines: lines.join(' '), notices: notices.join(' '), ended: is('ended'), connecting: is('connecting'), agent: is('with agent') };
  } catch (problem) {
    return { problem: String(problem) };
  }
}

globalThis.deskcheck.ui = { look };
// With this the page's scripts find the kit's hand shut.
globalThis.deskcheck.page = {};
