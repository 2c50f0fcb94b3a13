// The lines of the conversation that is looked at, whatever they are made of. Who is at their end stays there while lines come, and while the log gets lower, as when a long draft is
// written below it.

import { $, arrange } from './dom.js';
import { state } from './state.js';

// near is how far from the end, in pixels, still counts as being there.
const near = 60;

let drawn = ''; // the conversation whose lines are on the screen
let atEnd = true; // whether the end is to be in sight
let height = 0; // that of the log when it was last looked at

export function begin() {
  $('log').addEventListener('scroll', judge);
  new ResizeObserver(() => {
    height = $('log').clientHeight;
    if (atEnd) toEnd();
  }).observe($('log'));
}

// judge says where the reader is. While the log has another height than before, that is where it was put, not where somebody went; and one that is not seen has no end.
function judge() {
  const log = $('log');
  if (height > 0 && log.clientHeight === height) atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < near;
}

function toEnd() {
  $('log').scrollTop = $('log').scrollHeight;
}

// show has the log be of these items, as arrange takes them.
export function show(items, how) {
  const log = $('log');
  if (drawn === state.selected) {
    judge();
  } else {
    // Only what is said from now on is read out, not all that there was.
    log.setAttribute('aria-live', 'off');
    drawn = state.selected;
    atEnd = true;
  }
  arrange(log, items, how);
  if (atEnd) toEnd();
  if (state.conversation && log.getAttribute('aria-live') === 'off') setTimeout(() => log.setAttribute('aria-live', 'polite'));
}
