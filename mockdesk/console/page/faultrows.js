// The faults as switches: one for each thing that can go wrong with each kind of request.

import { $, arrange, element, setText } from './dom.js';
import { on, state } from './state.js';
import { count } from './words.js';

// usual are the switches that every row has. Those that hold can be let go by another button.
const usual = [
  { name: 'refuse', text: '503', says: 'Refuse with 503', fault: { kind: 'refuse', status: 503 } },
  { name: 'delay', text: '5 s', says: 'Delay by 5 seconds of the desk’s clock', fault: { kind: 'delay', for: '5s' } },
  { name: 'hold', text: 'hold', says: 'Hold until released', fault: { kind: 'hold' } },
  { name: 'hold-reply', text: 'hold reply', says: 'Do it, and hold the answer until released', fault: { kind: 'hold-reply' } },
  { name: 'blackhole', text: 'never', says: 'Never answer', fault: { kind: 'blackhole' } },
  { name: 'lose-reply', text: 'lose reply', says: 'Do it, and reset the connection in place of the answer', fault: { kind: 'lose-reply' } },
  { name: 'cut', text: 'reset', says: 'Reset the connection at once', fault: { kind: 'cut' } },
];

// How it is with whoever is broken: the rows, the switches of each, and what adds (addFault), removes (removeFault) and lets go (release).
let operations;
let kinds;
let deeds;

// begin builds a row for each operation, {name, text}; more are switches besides the usual ones, {name, text, says, fault}.
export function begin(of, more, does) {
  [operations, kinds, deeds] = [of, [...usual, ...more], does];
  build();
  on('faults', draw);
}

function build() {
  for (const operation of operations) {
    const switches = kinds.map((kind) => element('button', {
      type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false', 'data-kind': kind.name, 'aria-label': `${operation.name}: ${kind.says}`, title: kind.says, click: () => flip(operation.name, kind),
    }, kind.text));
    const letGo = element('button', { type: 'button', class: 'release', hidden: true, click: () => deeds.release(operation.name) });
    $('operations').append(element('div', { class: 'operation', role: 'group', 'data-operation': operation.name, 'aria-label': `Faults of ${operation.name}` },
      element('p', {}, element('b', {}, operation.name), element('span', { class: 'muted' }, ` ${operation.text}`)), element('div', { class: 'switches' }, ...switches, letGo)));
  }
}

// plain says whether a fault is one that a switch sets: it always plays, and as the switch would have it.
function plain(fault, operation, kind) {
  return fault.operation === operation && fault.kind === kind.fault.kind && !fault.when && fault.status === kind.fault.status && fault.for === kind.fault.for;
}

const setBy = (operation, kind) => state.faults.faults.find((fault) => plain(fault, operation, kind));

async function flip(operation, kind) {
  const on = setBy(operation, kind);
  // Of the switches of a row only one is on: a request gets one fault.
  const others = kinds.filter((other) => other !== kind).map((other) => setBy(operation, other)).filter(Boolean);
  for (const fault of on ? [on, ...others] : others) await deeds.removeFault(fault.id);
  if (!on) await deeds.addFault({ operation, ...kind.fault });
}

function draw() {
  const { faults, held } = state.faults;
  const switched = new Set();
  for (const row of $('operations').children) {
    const { operation } = row.dataset;
    for (const kind of kinds) {
      const fault = setBy(operation, kind);
      if (fault) switched.add(fault.id);
      row.querySelector(`[data-kind="${kind.name}"]`).setAttribute('aria-checked', String(Boolean(fault)));
    }
    const letGo = row.querySelector('.release');
    letGo.hidden = !held[operation];
    setText(letGo, held[operation] ? `let ${held[operation]} go` : '');
    row.classList.toggle('on', faults.some((fault) => fault.operation === operation));
  }
  drawOthers(faults.filter((fault) => !switched.has(fault.id)));
  drawSummary(faults, Object.values(held).reduce((sum, n) => sum + n, 0));
}

// drawOthers lists what was set otherwise than by these switches.
function drawOthers(faults) {
  $('others').hidden = faults.length === 0;
  arrange($('other-faults'), faults, {
    key: (fault) => fault.id,
    make: (fault) => element('li', {}, element('span', { class: 'text' }), element('button', { type: 'button', 'aria-label': `Remove the fault: ${fault.says}`, click: () => deeds.removeFault(fault.id) }, 'Remove')),
    update: (item, fault) => setText(item.firstChild, fault.left === undefined ? fault.says : `${fault.says} (${fault.left} left)`),
  });
}

function drawSummary(faults, held) {
  const broken = faults.length > 0 || held > 0;
  const summary = $('broken');
  summary.classList.toggle('on', broken);
  const what = [...new Set(faults.map((fault) => `${fault.operation}: ${fault.kind}`))].join(', ');
  setText(summary, broken ? [count(faults.length, 'fault'), held > 0 ? `${held} held` : ''].filter(Boolean).join(' · ') : 'No faults');
  summary.title = what || 'Nothing is broken on purpose';
  summary.setAttribute('aria-label', broken ? `${summary.textContent}: ${what}. Show the faults` : 'No faults. Show the switches');
  $('heal').disabled = !broken;
}
