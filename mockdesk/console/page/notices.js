// What the console says of itself: what went wrong is shown and read out at once, what was done is read out in passing.

import { $, element } from './dom.js';
import { Unreachable } from './api.js';

// mostNotices is how many stand on the screen at once.
const mostNotices = 4;

// complain shows what went wrong until it is closed. That the desk gives no answer is told once, by the bar at the top.
export function complain(error) {
  if (error instanceof Unreachable || error?.name === 'AbortError') return;
  show('alert', error.message);
}

// announce shows what whoever sits here should know and did not do.
export function announce(text) {
  show('notice', text);
}

function show(kind, text) {
  const stack = $('notices');
  const known = [...stack.children].find((one) => one.firstChild.textContent === text);
  known?.remove();
  const close = element('button', { type: 'button', class: 'plain', 'aria-label': `Close the notice: ${text}`, click: () => notice.remove() }, '×');
  const notice = element('div', { class: `notice ${kind}` }, element('p', { textContent: text }), close);
  stack.append(notice);
  while (stack.children.length > mostNotices) stack.firstChild.remove();
}

// say reads something out and shows nothing. The same words again are another text, so that they are read again.
export function say(text) {
  const region = $('said');
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

// dismiss closes the newest notice, and says whether there was one.
export function dismiss() {
  const newest = $('notices').lastElementChild;
  newest?.remove();
  return Boolean(newest);
}
