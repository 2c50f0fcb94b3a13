// How the console asks the desk, whatever it shows of the answers: what is asked for, how often, and what is said of it.

import { ask } from './api.js';
import { changed, state } from './state.js';
import { complain, say } from './notices.js';

// gap is the pause between two looks at the desk while much happens there, rhythm how often the console looks though nothing was heard, both in milliseconds. What others do is not always an
// entry of the journal, so some of it is only seen by looking.
const gap = 150;
const rhythm = 5000;

// at is the path of something of the tenant.
export const at = (path = '') => `/v1/tenants/${encodeURIComponent(state.tenant)}${path}`;

// coalesced gives a function that does the work, once more if it was called while the work went on, however often. Its promise is kept when all that was asked for is done.
export function coalesced(work) {
  let again = false;
  let running;
  const run = async () => {
    while (again) {
      again = false;
      await work().catch(complain);
      if (again) await new Promise((resume) => setTimeout(resume, gap));
    }
    running = undefined;
  };
  return () => {
    again = true;
    running ??= run();
    return running;
  };
}

// forTenant drops what was read for a tenant that is no longer looked at.
export async function forTenant(read, keep) {
  const { tenant } = state;
  if (!tenant) return;
  const answer = await read();
  if (state.tenant === tenant) keep(answer);
}

export const lookAtTenant = coalesced(() => forTenant(() => ask('GET', at()), keepTenant));

export function keepTenant(info) {
  state.info = info;
  state.offset = Date.parse(info.clock.now) - Date.now();
  changed('tenant');
}

// regularly looks now and then, while the desk is there and somebody sees the page.
export function regularly(...looks) {
  setInterval(() => {
    if (state.link.is !== 'live' || document.hidden) return;
    for (const look of looks) look();
  }, rhythm);
}

// doing carries something out that whoever sits here wants, says what became of it and shows what changed. It gives the desk's answer, or undefined where it failed.
export async function doing(work, done, ...looks) {
  try {
    const answer = await work();
    if (done) say(done);
    for (const look of looks) look();
    return answer ?? {};
  } catch (error) {
    complain(error);
    return undefined;
  }
}

