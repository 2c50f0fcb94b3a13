// The one dialog in which an act asks for what it needs.

import { $, element } from './dom.js';

// settle answers whoever asked last, once.
let settle = () => {};

export function begin() {
  $('form-cancel').addEventListener('click', () => $('form').close());
  $('form').addEventListener('submit', () => settle(entered()));
  // That a form was closed is told a turn later, when the next may be open.
  $('form').addEventListener('close', () => $('form').open || settle(null));
  // A list takes Enter for itself where a field would send the form.
  $('form').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !event.target.matches('select')) return;
    event.preventDefault();
    $('form-submit').click();
  });
}

// askFor shows a form and gives what was entered, by name, without what was left empty; null if it was closed. A field is {name, label} and may have type (text, number, select, textarea),
// choices, value, required, hint and min.
export function askFor(title, fields, button = title) {
  const dialog = $('form');
  $('form-title').textContent = title;
  $('form-fields').replaceChildren(...fields.map(fieldOf));
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
    : element(type === 'textarea' ? 'textarea' : 'input', { id, name: field.name, autocomplete: 'off', required: field.required ?? false });
  if (type === 'number') Object.assign(control, { type, min: field.min ?? 0, step: 1 });
  if (field.value !== undefined) control.value = field.value;
  const parts = [element('label', { for: id }, field.label), control];
  if (field.hint) {
    control.setAttribute('aria-describedby', `${id}-hint`);
    parts.push(element('p', { class: 'muted', id: `${id}-hint` }, field.hint));
  }
  return element('div', { class: 'field' }, ...parts);
}

function entered() {
  const values = {};
  for (const { name, type, value } of $('form-fields').querySelectorAll('input, select, textarea')) {
    if (value !== '') values[name] = type === 'number' ? Number(value) : value;
  }
  return values;
}
