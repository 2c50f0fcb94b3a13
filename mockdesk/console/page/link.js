// The link to the desk: the journal is followed, and when the desk goes away the console keeps what it shows, tries again with growing pauses, and goes on where it was.

import { Problem, ask, follow } from './api.js';
import { at, keepTenant } from './asking.js';
import { changed, remember, state } from './state.js';
import { announce, complain, say } from './notices.js';
import * as record from './record.js';

// pauses are how long is waited before each attempt, in milliseconds; the last of them holds for all that follow.
const pauses = [300, 700, 1500, 3000, 6000, 12_000];

// backlog is how many entries of the past are fetched at first.
const backlog = 10_000;

let attempts = 0;
let hurry = () => {};
let following = new AbortController();
let forget; // drops what was read from a desk that is no more
let heard; // is called with each entry of the journal
let lookAround; // reads all that is shown besides the journal

// stay keeps the link for as long as the page is there, for a model with forget, heard and lookAround.
export async function stay(model) {
  ({ forget, heard, lookAround } = model);
  for (;;) {
    try {
      await begin();
      following = new AbortController();
      await follow(at(`/journal/follow?after=${record.last()}`), following.signal, { opened, hear });
      // An end in order, as when a tenant is reset, is no loss. If the desk is gone with it, the next attempt tells.
      await new Promise((resume) => setTimeout(resume, pauses[0]));
      continue;
    } catch (error) {
      if (following.signal.aborted) continue;
      if (error instanceof Problem && error.status !== 401 && error.status < 500) complain(error);
      lost(error.message, error);
    }
    await patience();
  }
}

// turnTo looks at another tenant.
export function turnTo(tenant) {
  state.tenant = tenant;
  record.clear();
  forget();
  following.abort();
  hurry();
}

// again tries at once.
export function again() {
  hurry();
}

function opened() {
  attempts = 0;
  if (state.link.is === 'lost') say('The desk is back');
  state.link = { is: 'live' };
  changed('link');
  lookAround();
}

function lost(why, error) {
  const until = Date.now() + pauses[Math.min(attempts, pauses.length - 1)];
  attempts++;
  const first = state.link.is !== 'lost';
  state.link = { is: 'lost', why, until, locked: error instanceof Problem && error.status === 401, since: first ? Date.now() : state.link.since };
  changed('link');
}

function patience() {
  return new Promise((resume) => {
    const timer = setTimeout(resume, Math.max(0, state.link.until - Date.now()));
    hurry = () => {
      clearTimeout(timer);
      resume();
    };
  });
}

// begin finds out which desk this is. One that lacks what was seen before is another desk: what is shown of the old one goes.
async function begin() {
  const [server, { tenants }] = await Promise.all([ask('GET', '/v1/server'), ask('GET', '/v1/tenants?limit=1000')]);
  state.server = server;
  state.tenants = tenants.map((tenant) => tenant.name);
  if (!state.tenant) state.tenant = 'default';
  let info = tenants.find((tenant) => tenant.name === state.tenant);
  if (!info) {
    startOver(`The tenant ${state.tenant} is gone. You look at another one now.`);
    info = tenants.find((tenant) => tenant.name === 'default') ?? tenants[0];
    state.tenant = info.name;
  } else if (!(await goesOn(info))) {
    startOver('The desk has begun anew: its conversations and its journal of before are gone.');
  }
  remember();
  if (record.last() === 0) record.startAfter(Math.max(info.journal.first - 1, info.journal.last - backlog));
  keepTenant(info);
  changed('tenants');
}

// startOver drops what is shown, and says why.
function startOver(why) {
  announce(why);
  record.clear();
  forget();
}

// goesOn says whether a tenant's journal is the one that is shown, by the last entry of it.
async function goesOn(info) {
  const newest = record.newest();
  if (!newest) return true;
  if (info.journal.last < newest.seq) return false;
  if (info.journal.first > newest.seq) return true;
  const there = await ask('GET', at(`/journal/${newest.seq}`));
  return there.at === newest.at && there.name === newest.name;
}

const hears = {
  entry: (data) => {
    const entry = JSON.parse(data);
    if (record.add(entry, data)) heard(entry);
  },
  missed: (data) => {
    const { from, to } = JSON.parse(data);
    announce(`The journal no longer keeps the entries ${from} to ${to}: they came while nobody looked.`);
  },
  end: (data) => say(`The desk has ended the stream: ${data}`),
};

function hear(type, data) {
  hears[type]?.(data);
}
