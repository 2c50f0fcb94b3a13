// What is around the panes: the time of the desk, and whether the desk is there.

import { $, setText } from './dom.js';
import { now, on, state } from './state.js';
import { again } from './link.js';
import { askFor } from './form.js';
import { setToken } from './api.js';
import { timeOfDay } from './words.js';

export function begin() {
  on('link', drawLink);
  on('tenant', drawClock);
  setInterval(drawClock, 1000);
  setInterval(drawLink, 500);
  $('again').addEventListener('click', again);
  $('unlock').addEventListener('click', unlock);
}

function drawClock() {
  if (!state.info) return;
  setText($('now'), timeOfDay(now()));
  $('now').dateTime = new Date(now()).toISOString();
  setText($('clock-mode'), state.info.clock.mode === 'manual' ? 'stands still' : '');
}

// drawLink says whether the desk is there. The words change only when something has happened, so that the countdown is not read out.
function drawLink() {
  const { link } = state;
  const bar = $('outage');
  document.body.dataset.link = link.is;
  setText($('link'), { connecting: 'Connecting…', live: 'Live', lost: 'Lost' }[link.is]);
  bar.hidden = link.is !== 'lost';
  if (link.is !== 'lost') return;
  setText($('outage-text'), link.locked ? 'The desk wants its token.' : 'The desk does not answer. What you see is how it was.');
  const left = Math.ceil((link.until - Date.now()) / 1000);
  setText($('outage-next'), link.locked ? '' : left > 0 ? `Next attempt in ${left} s` : 'Trying…');
  $('unlock').hidden = !link.locked;
}

async function unlock() {
  const given = await askFor('The token of the desk', [{ name: 'token', label: 'Token, as it was printed when the desk started', required: true }], 'Use it');
  if (!given) return;
  setToken(given.token);
  again();
}
