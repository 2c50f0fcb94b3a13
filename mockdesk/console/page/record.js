// The journal as far as the console has it: entries in order, each once.

import { changed } from './state.js';

// most is how many entries are kept here, and spare how many go at once when there are more: to drop one by one would cost at every entry.
const most = 50_000;
const spare = 5000;

let entries = [];
let before = 0; // the number of the entry before the first
let answers = new Map(); // by number of the request (or call): the entry that answers it
let texts = new WeakMap(); // by entry: what a search looks through
const kinds = new Set();

// generation changes whenever entries went away, so that those who keep lists of them begin again.
export let generation = 0;

export const all = () => entries;
export const last = () => entries.at(-1)?.seq ?? before;
export const newest = () => entries.at(-1);
export const first = () => entries[0]?.seq ?? before + 1;
export const answerTo = (entry) => answers.get(entry.seq);
export const kindsSeen = () => kinds;

// startAfter says from where on entries are taken.
export function startAfter(seq) {
  before = seq;
}

// add appends an entry that came as text, and says whether it is a new one.
export function add(entry, text) {
  if (entry.seq <= last()) return false;
  if (entries.length >= most) {
    for (const gone of entries.slice(0, spare)) answers.delete(gone.ref);
    entries = entries.slice(spare);
    generation++;
  }
  entries.push(entry);
  kinds.add(entry.kind);
  texts.set(entry, text.replace(/"at":"[^"]*",?/, '').toLowerCase());
  if (entry.ref && ['response', 'settled', 'returned', 'closed'].includes(entry.kind)) answers.set(entry.ref, entry);
  changed('journal');
  return true;
}

// clear forgets everything, as for another desk.
export function clear() {
  [entries, answers, texts] = [[], new Map(), new WeakMap()];
  before = 0;
  generation++;
  changed('journal');
}

// numbered gives an entry by its number, undefined where it is not kept.
export function numbered(seq) {
  let [low, high] = [0, entries.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = entries[middle].seq - seq;
    if (found === 0) return entries[middle];
    if (found < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

// of gives the entries of a conversation.
export function of(conversation) {
  return entries.filter((entry) => entry.conversation === conversation);
}

// story gives the entries of a conversation up to a number, and the time that was let pass meanwhile.
export function story(conversation, upTo) {
  const from = entries.findIndex((entry) => entry.conversation === conversation);
  return from < 0 ? [] : entries.slice(from).filter((entry) => entry.seq <= upTo && (entry.conversation === conversation || entry.kind === 'clock'));
}

// textOf is what a search looks through: the whole entry in small letters, but not the moment, whose digits would match any number.
export function textOf(entry) {
  return texts.get(entry);
}
