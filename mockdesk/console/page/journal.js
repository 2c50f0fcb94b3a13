// The right pane: what crossed the wire and what was done, as it happens. Only the rows that can be seen are in the document, so its length does not matter.

import { $, element, fillSelect, setText } from './dom.js';
import { on, state } from './state.js';
import { count, exactly } from './words.js';
import { announce, say } from './notices.js';
import { show } from './panes.js';
import * as record from './record.js';

// rowHeight is that of a row in the style sheet, in pixels; margin is how many rows more than can be seen are drawn at either end.
const rowHeight = 26;
const margin = 6;

const filter = { text: [], kinds: new Set(), party: '', here: false };
let visible = []; // the entries that the filter lets through
let looked = { generation: -1, seq: 0 }; // up to where the filter has looked
let active = 0; // the number of the entry that is chosen, 0 for none
let following = true;
let view = 'payload'; // what of it is shown
let answered = 0; // the number of the answer that is shown with it

// about is what the contract has of its own: the desk's name as a party (or its names), all parties, the forms in which an entry can be copied, and words() for what an entry carries.
let about;

// families are the kinds that one switch shows.
const families = {
  requests: ['request', 'response'],
  frames: ['frame'],
  sockets: ['opened', 'closed'],
  calls: ['call', 'settled'],
  callbacks: ['callback', 'returned'],
  acts: ['act'],
  clock: ['clock'],
  customers: ['event'],
  violations: ['violation'],
};
const always = ['requests', 'frames', 'sockets', 'acts'];

export function begin(contract) {
  about = contract;
  on('journal', update);
  on('selected', () => filter.here && refilter());
  on('selected', drawTools);
  $('search').addEventListener('input', search);
  $('party').addEventListener('change', () => {
    filter.party = $('party').value;
    refilter();
  });
  $('here').addEventListener('click', () => {
    filter.here = !filter.here;
    refilter();
  });
  $('follow').addEventListener('click', toggleFollow);
  const rows = $('rows');
  rows.addEventListener('scroll', scrolled);
  rows.addEventListener('keydown', key);
  rows.addEventListener('click', (event) => {
    const row = event.target.closest('.row');
    if (row) choose(Number(row.dataset.seq));
  });
  new ResizeObserver(resized).observe(rows);
  $('close-detail').addEventListener('click', () => {
    choose(0);
    rows.focus();
  });
  $('copy').addEventListener('click', copy);
  fillSelect($('party'), ['', ...about.parties].map((value) => ({ value, text: value || 'anyone' })), '');
  drawTools();
}

function search() {
  filter.text = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  refilter();
}

function refilter() {
  looked = { generation: -1, seq: 0 };
  update();
}

function fits(entry) {
  if (filter.kinds.size > 0 && !filter.kinds.has(entry.kind)) return false;
  if (filter.party && entry.from !== filter.party && entry.to !== filter.party) return false;
  if (filter.here && entry.conversation !== state.selected) return false;
  return filter.text.length === 0 || matches(record.textOf(entry));
}

// A word with a minus before it must not occur.
function matches(text) {
  return filter.text.every((word) => (word.length > 1 && word.startsWith('-') ? !text.includes(word.slice(1)) : text.includes(word)));
}

// update looks at the entries that came since it last did, or at all of them where the filter is another one.
function update() {
  const all = record.all();
  let from = 0;
  if (looked.generation === record.generation) {
    from = all.length;
    while (from > 0 && all[from - 1].seq > looked.seq) from--;
  } else {
    visible = [];
  }
  for (let i = from; i < all.length; i++) if (fits(all[i])) visible.push(all[i]);
  looked = { generation: record.generation, seq: record.last() };
  if (active && !record.numbered(active)) active = 0;
  drawTools();
  draw();
  if (active && record.answerTo(record.numbered(active))?.seq > answered) drawDetail();
}

function drawTools() {
  const seen = record.kindsSeen();
  const names = Object.keys(families).filter((name) => always.includes(name) || families[name].some((kind) => seen.has(kind)));
  const tools = $('kinds');
  if (tools.childElementCount !== names.length) {
    tools.replaceChildren(...names.map((name) => element('button', { type: 'button', class: `switch kind-${name}`, 'data-family': name, click: () => toggleFamily(name) }, name)));
  }
  for (const button of tools.children) button.setAttribute('aria-pressed', String(families[button.dataset.family].some((kind) => filter.kinds.has(kind))));
  $('here').setAttribute('aria-pressed', String(filter.here));
  $('here').disabled = !state.selected && !filter.here;
  $('follow').setAttribute('aria-pressed', String(following));
  const total = record.all().length;
  const unseen = record.first() - 1;
  const text = visible.length === total ? count(total, 'entry', 'entries') : `${visible.length.toLocaleString('en')} of ${total.toLocaleString('en')} entries`;
  setText($('shown'), total > 0 && unseen > 0 ? `${text}, from #${record.first()} on` : text);
  $('no-entries').hidden = visible.length > 0;
  setText($('no-entries'), total > 0 ? 'No entry passes the filters.' : about.nothing);
}

function toggleFamily(name) {
  for (const kind of families[name]) {
    if (filter.kinds.has(kind)) filter.kinds.delete(kind);
    else filter.kinds.add(kind);
  }
  refilter();
}

// toggleFollow keeps the newest entry in sight, or lets the list stand still.
export function toggleFollow() {
  following = !following;
  say(following ? 'The journal is followed' : 'The journal stands still');
  drawTools();
  draw();
}

let height = 0; // that of the list when it was last looked at

// resized keeps the entry that is chosen in sight where it was in sight.
function resized() {
  const rows = $('rows');
  const index = active && !following ? visible.findIndex((entry) => entry.seq === active) : -1;
  const from = index * rowHeight - rows.scrollTop;
  draw();
  if (index >= 0 && from > -rowHeight && from < height) bringIntoView(index);
  height = rows.clientHeight;
}

let settling = false; // the list is being scrolled by us
function scrolled() {
  const rows = $('rows');
  const atEnd = rows.scrollHeight - rows.scrollTop - rows.clientHeight < rowHeight;
  if (!settling && following !== atEnd) {
    following = atEnd;
    drawTools();
  }
  settling = false;
  drawRows();
}

function draw() {
  const rows = $('rows');
  $('room').style.height = `${visible.length * rowHeight}px`;
  if (following) scrollTo(rows.scrollHeight);
  drawRows();
}

function scrollTo(top) {
  const rows = $('rows');
  const before = rows.scrollTop;
  rows.scrollTop = top;
  settling = rows.scrollTop !== before;
}

// drawRows fills the part of the list that can be seen. Rows are used again, so that fast scrolling makes none.
function drawRows() {
  const rows = $('rows');
  const from = Math.max(0, Math.floor(rows.scrollTop / rowHeight) - margin);
  const to = Math.min(visible.length, Math.ceil((rows.scrollTop + rows.clientHeight) / rowHeight) + margin);
  const pane = $('window');
  pane.style.transform = `translateY(${from * rowHeight}px)`;
  while (pane.childElementCount > to - from) pane.lastChild.remove();
  while (pane.childElementCount < to - from) pane.append(makeRow());
  for (let i = from; i < to; i++) fillRow(pane.children[i - from], visible[i], i);
  const shown = visible.some((entry) => entry.seq === active);
  if (active && shown && $(`row-${active}`)) rows.setAttribute('aria-activedescendant', `row-${active}`);
  else rows.removeAttribute('aria-activedescendant');
}

function makeRow() {
  const cells = ['seq', 'at', 'dir', 'kind', 'route', 'name', 'end'].map((name) => element('span', { class: name }));
  return element('div', { class: 'row', role: 'option' }, ...cells);
}

function fillRow(row, entry, index) {
  const answer = record.answerTo(entry);
  const end = endOf(entry, answer);
  row.id = `row-${entry.seq}`;
  row.dataset.seq = entry.seq;
  row.className = `row is-${entry.kind}${end.bad ? ' bad' : ''}${entry.conversation && entry.conversation === state.selected ? ' ours' : ''}`;
  row.setAttribute('aria-selected', String(entry.seq === active));
  row.setAttribute('aria-setsize', visible.length);
  row.setAttribute('aria-posinset', index + 1);
  const texts = [String(entry.seq), exactly(entry.at), directionOf(entry), entry.kind, `${entry.from} → ${entry.to}`, nameOf(entry), end.text];
  for (let i = 0; i < texts.length; i++) setText(row.children[i], texts[i]);
}

// directionOf points to the right at what the desk is sent, and to the left at what it sends; what is done at the desk itself crosses nothing.
function directionOf(entry) {
  if (entry.kind === 'act' || entry.kind === 'clock') return '•';
  return [about.desk].flat().includes(entry.to) ? '→' : '←';
}

// nameOf is what an entry is called, short enough for the words that it carries to be seen behind it.
function nameOf(entry) {
  const name = entry.name.replace(/ \/v1\/conversations\/\{\w+\}\/(\w+)(\/\{\w+\})?$/, ' …/$1').replace(' /v1/', ' ');
  const text = about.words(entry);
  return typeof text === 'string' && text ? `${name} “${text.slice(0, 120)}”` : name;
}

// endOf is what came of an entry, at the end of its row.
function endOf(entry, answer) {
  const status = entry.kind === 'request' ? answer?.data?.status : entry.data?.status;
  if (entry.kind === 'request' && !answer) return { text: '…', bad: false };
  if (entry.kind === 'violation') return { text: entry.requirement ?? '', bad: true };
  if (status === 0) return { text: 'no answer', bad: true };
  if (status !== undefined) return { text: String(status), bad: status >= 400 };
  if (entry.kind === 'closed') return { text: String(entry.data?.code ?? ''), bad: entry.data?.code === 1006 };
  return { text: '', bad: entry.name === 'garbled' || entry.note?.startsWith('Not a frame') };
}

function key(event) {
  const page = Math.max(1, Math.floor($('rows').clientHeight / rowHeight) - 1);
  const here = visible.findIndex((entry) => entry.seq === active);
  const last = visible.length - 1;
  const there = {
    ArrowDown: here < 0 ? last : Math.min(here + 1, last),
    ArrowUp: here < 0 ? last : Math.max(here - 1, 0),
    PageDown: Math.min(here + page, last),
    PageUp: Math.max((here < 0 ? last : here) - page, 0),
    Home: 0,
    End: last,
  }[event.key];
  if (there === undefined || event.ctrlKey || event.altKey || event.metaKey) {
    if (event.key === 'Enter' && active) $('views').querySelector('button').focus();
    return;
  }
  event.preventDefault();
  if (visible[there]) choose(visible[there].seq);
  if (event.key === 'End') {
    following = true;
    drawTools();
  }
}

// choose shows one entry, or none for 0.
function choose(seq) {
  active = seq;
  const index = visible.findIndex((entry) => entry.seq === seq);
  if (seq && index < visible.length - 1) following = false;
  drawTools();
  drawDetail();
  if (index >= 0) bringIntoView(index);
  drawRows();
}

function bringIntoView(index) {
  const rows = $('rows');
  const top = index * rowHeight;
  if (top < rows.scrollTop) scrollTo(top);
  else if (top + rowHeight > rows.scrollTop + rows.clientHeight) scrollTo(top + rowHeight - rows.clientHeight);
}

// showEntry brings an entry into view from elsewhere, and takes away the filters that hide it.
export function showEntry(seq) {
  const entry = record.numbered(seq);
  if (!entry) return;
  if (!fits(entry)) {
    Object.assign(filter, { text: [], party: '', here: false });
    filter.kinds.clear();
    $('search').value = '';
    $('party').value = '';
    refilter();
  }
  show('journal');
  choose(seq);
  $('rows').focus();
}

// viewsOf are what can be shown and copied of an entry, by name.
function viewsOf(entry) {
  const views = { payload: () => pretty(entry.data) };
  const answer = record.answerTo(entry);
  const asked = entry.ref ? record.numbered(entry.ref) : undefined;
  if (answer) views.answer = () => pretty(answer.data);
  if (asked) views.request = () => pretty(asked.data);
  for (const [name, make] of Object.entries(about.copies)) views[name] = () => make(entry);
  return views;
}

const pretty = (data) => (data === undefined ? 'There is no payload.' : JSON.stringify(data, null, 2));

function drawDetail() {
  const entry = record.numbered(active);
  $('detail').hidden = !entry;
  $('journal').classList.toggle('looking', Boolean(entry));
  if (!entry) return;
  const views = viewsOf(entry);
  if (!views[view]) view = 'payload';
  setText($('detail-title'), `#${entry.seq} ${entry.kind} ${entry.name}`);
  setText($('detail-note'), [`${entry.from} → ${entry.to}, ${exactly(entry.at)}`, entry.note].filter(Boolean).join('. '));
  const buttons = Object.keys(views).map((name) => element('button', { type: 'button', class: 'switch', 'aria-pressed': String(name === view), 'data-view': name, click: () => turnTo(name) }, name));
  $('views').replaceChildren(...buttons);
  setText($('detail-text'), views[view]());
  answered = record.answerTo(entry)?.seq ?? 0;
}

function turnTo(name) {
  view = name;
  drawDetail();
  $('views').querySelector(`[data-view="${name}"]`).focus();
}

// copy puts what is shown into the clipboard, or selects it where the browser does not allow that.
export async function copy() {
  if (!active) return;
  try {
    await navigator.clipboard.writeText($('detail-text').textContent);
    say(`Copied: ${view}`);
    $('copy').textContent = 'Copied';
    setTimeout(() => {
      $('copy').textContent = 'Copy';
    }, 1500);
  } catch {
    getSelection().selectAllChildren($('detail-text'));
    announce('The browser does not let this page copy: what is shown is selected, copy it by hand');
  }
}

// copyAs shows and copies the entry that is chosen in another form: curl or scenario.
export function copyAs(name) {
  if (!active) return;
  view = name;
  drawDetail();
  copy();
}

