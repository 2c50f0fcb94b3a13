// What every pane needs of the document. Text of others (names, lines, payloads) is only ever set as text.

export const $ = (id) => document.getElementById(id);

// element makes an element. In properties, `class` and names with a hyphen or `role` are attributes, functions are listeners, and everything else is a property.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (name === 'class' || name === 'role' || name === 'for' || name.includes('-')) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// setText changes a text only where it is another one, so that nothing that is read aloud is read twice.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// arrange makes the children of a parent be those of the items, in order. An element is kept for as long as its item is there, and with it the focus, the selection and the scrolling.
export function arrange(parent, items, { key, make, update = () => {} }) {
  const known = (parent.arranged ??= new Map());
  const wanted = new Set(items.map(key));
  for (const [name, child] of known) {
    if (wanted.has(name)) continue;
    child.remove();
    known.delete(name);
  }
  let place = parent.firstChild;
  for (const item of items) {
    const name = key(item);
    let child = known.get(name);
    if (!child) {
      child = make(item);
      known.set(name, child);
    }
    update(child, item);
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
}

// fillSelect offers choices, each {value, text}, and chooses one of them.
export function fillSelect(select, choices, chosen) {
  arrange(select, choices, {
    key: (choice) => choice.value,
    make: (choice) => element('option', { value: choice.value }),
    update: (option, choice) => setText(option, choice.text),
  });
  if (select.value !== chosen) select.value = chosen;
}

// isWriting says whether keys that are pressed now belong into a text.
export function isWriting() {
  return Boolean(document.activeElement?.matches('input:not([type=checkbox]), textarea, select'));
}
