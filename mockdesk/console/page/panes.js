// Which pane is seen where there is not room for all: on a narrow page one at a time, on a wide one the journal or the faults at the right.

import { $ } from './dom.js';

const aside = ['journal', 'faults'];

// doors are where the keys go first in a pane: to what is chosen there, or to what there is.
const doors = {
  conversations: '#conversations button[tabindex="0"]',
  transcript: '#transcript:not(.empty) #log',
  journal: '#rows',
  faults: '#operations button',
  chat: '#chat-frame',
};

export function begin() {
  for (const button of document.querySelectorAll('button[data-shows]')) button.addEventListener('click', () => show(button.dataset.shows, true));
  show('journal');
  show('conversations');
}

// show brings a pane to the front, and has the keys go there if they are to.
export function show(pane, focus = false) {
  const { dataset } = document.body;
  dataset.pane = pane;
  if (aside.includes(pane)) dataset.aside = pane;
  mark('#panes', pane);
  mark('.tabs', dataset.aside);
  if (focus) (document.querySelector(doors[pane]) ?? $(pane)).focus({ preventScroll: true });
}

// mark says which button of a bar stands for what is seen.
function mark(bar, shown) {
  for (const button of document.querySelectorAll(`${bar} button`)) {
    if (button.dataset.shows === shown) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
}
