// The one dialog in which an act asks for what it needs.

import { $, element } from './dom.js';

// settle answers whoever asked last, once.
let settle = () => {};

export function begin() {
  $('form-cancel').addEventListener('click', () => $('form').close());
  $('form').addEventListener('submit', submit);
  // That a form was closed is told a turn later, when the next may be open.
  $('form').addEventListener('close', () => $('form').open || settle(null));
  // A list takes Enter for itself where a field would send the form.
  $('form').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !event.target.matches('select')) return;
    event.preventDefault();
    $('form-submit').click();
  });
}

// askFor shows a form and gives what was entered, by name, without what was left empty; null if it was closed. A field is {name, label} and may have type (text, number, select, textarea,
// json, object), choices, value, required, hint, min and only, such as {by: 'desk'}, which says what another field must be for this one to be asked for. What was entered as json, or as
// an object of it, is given as what it means; the form stays, with all that was entered, until that can be read.
export function askFor(title, fields, button = title) {
  const dialog = $('form');
  $('form-title').textContent = title;
  $('form-fields').replaceChildren(...fields.map(fieldOf));
  const ask = () => {
    for (const { name, only = {} } of fields) {
      const control = $(`field-${name}`);
      control.disabled = Object.entries(only).some(([other, value]) => $(`field-${other}`).value !== value);
      control.parentElement.hidden = control.disabled;
    }
  };
  $('form-fields').onchange = ask;
  ask();
  $('form-submit').textContent = button;
  settle(null);
  dialog.showModal();
  (dialog.querySelector('#form-fields :is(input, select, textarea)') ?? $('form-submit')).focus();
  return new Promise((resolve) => {
    settle = (values) => {
      settle = () => {};
      resolve(values);
    };
  });
}

function fieldOf(field) {
  const id = `field-${field.name}`;
  const { type = 'text' } = field;
  const control = type === 'select'
    ? element('select', { id, name: field.name }, ...field.choices.map(({ value, text }) => element('option', { value }, text)))
    : element(type === 'textarea' || isJSON(type) ? 'textarea' : 'input', { id, name: field.name, autocomplete: 'off', required: field.required ?? false, 'data-type': type });
  if (type === 'number') Object.assign(control, { type, min: field.min ?? 0, step: 1 });
  if (field.value !== undefined) control.value = field.value;
  const parts = [element('label', { for: id }, field.label), control];
  if (field.hint) {
    control.setAttribute('aria-describedby', `${id}-hint`);
    parts.push(element('p', { class: 'muted', id: `${id}-hint` }, field.hint));
  }
  if (isJSON(type)) {
    control.spellcheck = false;
    control.addEventListener('input', () => refuse(control, ''));
    parts.push(element('p', { class: 'problem', role: 'alert' }));
  }
  return element('div', { class: 'field' }, ...parts);
}

function submit(event) {
  const values = entered();
  if (values) settle(values);
  else event.preventDefault();
}

// entered gives what the fields hold, or nothing where one of them cannot be read: that is said beside it, and the keys go there.
function entered() {
  const values = {};
  for (const control of $('form-fields').querySelectorAll(':is(input, select, textarea):enabled')) {
    if (control.value === '') continue;
    try {
      values[control.name] = meaning(control);
    } catch (error) {
      refuse(control, error.message);
      control.focus();
      return undefined;
    }
  }
  return values;
}

// meaning is what a field holds. It throws why it cannot be taken.
function meaning({ type, value, dataset }) {
  if (type === 'number') return Number(value);
  if (!isJSON(dataset.type)) return value;
  let read;
  try {
    read = JSON.parse(value);
  } catch (error) {
    throw new Error(`This is no JSON: ${error.message}`);
  }
  if (dataset.type === 'object' && (typeof read !== 'object' || read === null || Array.isArray(read))) throw new Error('This is no JSON object: it has to be one, in { and }');
  return read;
}

const isJSON = (type) => type === 'json' || type === 'object';

function refuse(control, why) {
  control.parentElement.querySelector('.problem').textContent = why;
  control.setAttribute('aria-invalid', String(why !== ''));
}
