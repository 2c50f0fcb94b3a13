// The keys. Single letters count only where no text is written, and can be switched off for those whose keyboard or voice software presses them by mistake.

import { $, element, isWriting } from './dom.js';
import { dismiss } from './notices.js';
import { show } from './panes.js';

// deeds are what the keys do.
let deeds = new Map();
let single = localStorage.getItem('single-keys') !== 'off';

// begin has the keys of a table count: groups of [key, words, deed], each with a title.
export function begin(table) {
  deeds = new Map(table.flatMap(([, keys]) => keys).filter(([, , deed]) => deed).map(([key, , deed]) => [key, deed]));
  document.addEventListener('keydown', press);
  for (const [title, keys] of table) {
    const list = element('dl', {}, ...keys.map(([key, text]) => element('div', {}, element('dt', {}, element('kbd', {}, key)), element('dd', {}, text))));
    $('keys').append(element('section', {}, element('h3', {}, title), list));
  }
  $('help-button').addEventListener('click', () => $('help').showModal());
  $('single').checked = single;
  $('single').addEventListener('change', () => {
    single = $('single').checked;
    localStorage.setItem('single-keys', single ? 'on' : 'off');
  });
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') {
    // The browser would empty a search field and tell nobody: what is sought stands there for as long as it is sought.
    if (leave()) event.preventDefault();
    return;
  }
  const deed = deeds.get(event.key);
  if (!deed || !single || isWriting()) return;
  event.preventDefault();
  deed();
}

// leave closes the newest notice, or lets go of a field so that single keys count again, and says whether there was one or the other.
function leave() {
  if (dismiss()) return true;
  const field = document.activeElement;
  if (!isWriting()) return false;
  if (field === $('message')) $('log').focus();
  else if (field === $('search')) $('rows').focus();
  else field.blur();
  return true;
}

export function write() {
  show('transcript');
  $('message').focus();
}

export function find() {
  show('journal');
  $('search').focus();
  $('search').select();
}
