// Targets: which elements of a page fit a description of what a user would look for, as Go gives it (see target.go): {css}, or {role, name} with a name that may be
// {pattern, flags}, and within which other target. Shadow roots are part of the page here, the closed ones too if the page made them by script; frames are not.
const readRole = ofBrowser('computedRole');
const readName = ofBrowser('computedName');
const NativeRegExp = RegExp;
const queryAll = { document: method(Document.prototype.querySelectorAll), root: method(DocumentFragment.prototype.querySelectorAll) };
const shownText = getter(HTMLElement.prototype, 'innerText');
const textContent = getter(Node.prototype, 'textContent');
const outerHTML = getter(Element.prototype, 'outerHTML');
const childNodes = getter(Node.prototype, 'childNodes');
const assignedNodes = method(HTMLSlotElement.prototype.assignedNodes);
const styleOf = method(getComputedStyle);
const replaceText = method(String.prototype.replace);
const trimText = method(String.prototype.trim);
const dispatchOn = method(EventTarget.prototype.dispatchEvent);
const PageEvent = Event;

// ofBrowser takes what the browser computes of elements for those who do not see. The kit's browsers offer it to scripts; the page gets what it has anywhere else.
function ofBrowser(name) {
  const property = getOwnPropertyDescriptor(Element.prototype, name);
  if (property === undefined) return () => { throw new NativeError('this browser does not tell roles and names: use Chromium, Chrome or Edge of this year, or a CSS selector'); };
  deleteProperty(Element.prototype, name);
  return method(property.get);
}

const lined = (string) => trimText(replaceText(string, /\s+/g, ' '));

// select gives the elements below a root that a selector of a single root fits.
const select = (root, selector) => (root === document ? queryAll.document(root, selector) : queryAll.root(root, selector));

// everything gives all elements, in the order of the page; what is in a shadow root follows its host. A root that the parser has made is watched from now on.
const watchedRoots = new NativeSet();
function everything(root, found) {
  const elements = select(root, '*');
  for (let i = 0; i < elements.length; i++) {
    found[found.length] = elements[i];
    const inner = shadowOf(elements[i]);
    if (inner === null) continue;
    watchRoot(inner);
    everything(inner, found);
  }
  return found;
}

function watchRoot(root) {
  if (setHas(watchedRoots, root)) return;
  setAdd(watchedRoots, root);
  observe(observer, root, watchAll);
}

// steps splits a selector where it steps into shadow roots, which is not where quotes hold the sign.
function steps(selector) {
  const list = [''];
  let quoted = '';
  for (let i = 0; i < selector.length; i++) {
    const c = selector[i];
    if (quoted === '' && slice(selector, i, i + 3) === '>>>') {
      list[list.length] = '';
      i += 2;
      continue;
    }
    list[list.length - 1] += c;
    if (c === '\\') list[list.length - 1] += selector[++i] ?? '';
    else if (c === quoted) quoted = '';
    else if (quoted === '' && (c === '"' || c === "'")) quoted = c;
  }
  return list;
}

function bySelector(selector) {
  let roots = [document];
  let found = [];
  const list = steps(selector);
  for (let s = 0; s < list.length; s++) {
    found = [];
    for (let r = 0; r < roots.length; r++) {
      const elements = select(roots[r], trimText(list[s]));
      for (let i = 0; i < elements.length; i++) found[found.length] = elements[i];
    }
    roots = [];
    for (let i = 0; i < found.length; i++) {
      const inner = shadowOf(found[i]);
      if (inner === null) continue;
      watchRoot(inner);
      roots[roots.length] = inner;
    }
  }
  return found;
}

// named makes the question whether a name is meant: every name if none is given, text to the letter but for blanks, or a pattern.
function named({ name, pattern, flags }) {
  if (pattern !== undefined) {
    const expression = new NativeRegExp(pattern, flags);
    return (found) => exec(expression, lined(found)) !== null;
  }
  const wanted = lined(name ?? '');
  return (found) => wanted === '' || lined(found) === wanted;
}

const fieldRoles = ['textbox', 'searchbox', 'combobox', 'listbox', 'spinbutton', 'slider', 'checkbox', 'radio', 'switch'];
function isField(role) {
  for (let i = 0; i < fieldRoles.length; i++) if (fieldRoles[i] === role) return true;
  return false;
}

function byRole(target) {
  const isMeant = named(target);
  const wanted = target.role === 'img' ? 'image' : target.role;
  const all = everything(document, []);
  const found = [];
  for (let i = 0; i < all.length; i++) {
    const role = readRole(all[i]);
    const same = wanted === 'label' ? isField(role) : role === wanted || (role === 'img' && wanted === 'image');
    if (same && isMeant(readName(all[i]))) found[found.length] = all[i];
  }
  return found;
}

// byText gives the innermost elements whose text is meant: what is around one of them, and shows nothing else, is not another.
function byText(target) {
  const isMeant = named(target);
  const all = everything(document, []);
  const found = [];
  for (let i = all.length - 1; i >= 0; i--) {
    if (!isSeen(all[i]) || !isMeant(textOf(all[i]))) continue;
    let inner = false;
    for (let j = 0; j < found.length && !inner; j++) inner = isWithin(all[i], found[j]);
    if (!inner) found[found.length] = all[i];
  }
  return turned(found);
}

function turned(list) {
  const back = [];
  for (let i = list.length - 1; i >= 0; i--) back[back.length] = list[i];
  return back;
}

// locate gives the elements that fit a target, in the order of the page, seen or not. It throws for what is no selector or no pattern.
function locate(target) {
  const found = target.css !== undefined ? bySelector(target.css) : target.role === 'text' ? byText(target) : byRole(target);
  if (!target.within) return found;
  const around = locate(target.within);
  const inside = [];
  for (let i = 0; i < found.length; i++) {
    for (let j = 0; j < around.length; j++) {
      if (around[j] === found[i] || !isWithin(around[j], found[i])) continue;
      inside[inside.length] = found[i];
      break;
    }
  }
  return inside;
}

const seeable = { __proto__: null, opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
const isSeen = (element) => isConnected(element) && checkVisibility(element, seeable) && clientRects(element).length > 0;

function seenOf(elements) {
  const seen = [];
  for (let i = 0; i < elements.length; i++) if (isSeen(elements[i])) seen[seen.length] = elements[i];
  return seen;
}

// textOf is what a user reads in an element: the value of a field, the choice of a list, otherwise the text that is shown, in shadow roots too.
function textOf(element) {
  const tag = tagName(element);
  if (tag === 'INPUT' || tag === 'TEXTAREA') return /^(password|checkbox|radio|hidden)$/.test(element.type) ? '' : text(element.value);
  if (tag === 'SELECT') return trimText(text(element.selectedOptions[0]?.label ?? ''));
  return trimText(replaceText(hasShadow(element) ? assembled(element) : shown(element), /\n{2,}/g, '\n'));
}

const shown = (element) => {
  try {
    return shownText(element);
  } catch {
    return textContent(element) ?? ''; // an element of a drawing
  }
};

function hasShadow(element) {
  if (shadowOf(element) !== null || tagName(element) === 'SLOT') return true;
  const below = element.querySelectorAll('*');
  for (let i = 0; i < below.length; i++) if (shadowOf(below[i]) !== null || tagName(below[i]) === 'SLOT') return true;
  return false;
}

// assembled puts the text of an element together as it is drawn: a shadow root in place of what its host holds, which shows where a slot takes it.
function assembled(element) {
  if (!hasShadow(element)) return shown(element);
  const root = shadowOf(element);
  let nodes = childNodes(root ?? element);
  if (root === null && tagName(element) === 'SLOT') {
    const taken = assignedNodes(element);
    if (taken.length > 0) nodes = taken;
  }
  let all = '';
  for (let i = 0; i < nodes.length; i++) {
    const kind = nodeType(nodes[i]);
    if (kind === 3) all += replaceText(textContent(nodes[i]), /\s+/g, ' ');
    if (kind !== 1 || !isDrawn(nodes[i])) continue;
    const flows = /^(inline|contents)/.test(styleOf(window, nodes[i]).display);
    all += flows ? assembled(nodes[i]) : '\n' + assembled(nodes[i]) + '\n';
  }
  return all;
}

const isDrawn = (element) => tagName(element) !== 'STYLE' && tagName(element) !== 'SCRIPT' && (checkVisibility(element, seeable) || styleOf(window, element).display === 'contents');

// portray tells of an element what helps a person to name it.
function portray(element) {
  let role = '', name = '';
  try {
    role = readRole(element);
    name = lined(readName(element));
  } catch { /* this browser does not tell */ }
  const html = lined(outerHTML(element));
  return bare({ role, name: name.length > 100 ? shorten(name, 100) : name, snippet: html.length > 120 ? slice(html, 0, 120) + '…' : html, text: textOf(element), seen: isSeen(element) });
}

function portrayAll(elements, most) {
  const list = [];
  for (let i = 0; i < elements.length && i < most; i++) list[i] = portray(elements[i]);
  return bare(list);
}

// sees tells of all elements that fit and are seen.
const sees = (target) => portrayAll(seenOf(locate(target)), 1000);

// controls are the elements that a user can act on, or would look for: first those of the role that is wanted.
const controlRoles = /^(button|link|textbox|searchbox|combobox|listbox|option|checkbox|radio|switch|tab|menuitem|spinbutton|slider|dialog|alertdialog|heading)$/;
function controls(role) {
  const alike = [], others = [];
  const all = everything(document, []);
  for (let i = 0; i < all.length; i++) {
    const its = readRole(all[i]);
    if (its !== role && exec(controlRoles, its) === null || !isSeen(all[i])) continue;
    const list = its === role ? alike : others;
    list[list.length] = all[i];
  }
  for (let i = 0; i < others.length; i++) alike[alike.length] = others[i];
  return alike;
}

// findTarget is findElement for a target: one element that fits and is seen, or the only one that fits, and else why there is none.
function findTarget(search) {
  const fits = locate(search.name);
  const seen = seenOf(fits);
  search.fits = seen.length > 0 ? seen : fits;
  search.restless = search.fits.length > 0;
  if (search.fits.length === 1) return search.fits[0];
  if (seen.length > 1) search.reason = seen.length + ' elements fit';
  else search.reason = fits.length > 1 ? fits.length + ' elements fit, and all are hidden' : 'no element fits';
  return null;
}

// appear and vanish are kept when an element that fits is seen, and when none is.
const appear = (target) => awaitSight(target, true, 'what fits is hidden');
const vanish = (target) => awaitSight(target, false, 'it is still there');

function awaitSight(target, wanted, otherwise) {
  return seek(target, 0, (search) => {
    findTarget(search);
    if (seenOf(search.fits).length > 0 === wanted) return bare({});
    if (search.fits.length > 0) search.reason = otherwise;
    return null;
  });
}

// pick chooses an option of a list of the browser's own, by what it is called or by its value, as soon as the list has it. Its menu is drawn outside of the page, where no click
// reaches, so the choice is made in the list and told to the page in the events of a user's. It tells {done}; done is false for a list that the page draws itself.
const pick = (target, wanted) => seek(target, 0, (search) => {
  const list = findElement(search);
  if (list === null) return null;
  if (tagName(list) !== 'SELECT') return bare({ done: false, role: readRole(list) });
  const { options } = list;
  let found = null, labels = '';
  for (let i = 0; i < options.length; i++) {
    if (lined(options[i].label) === lined(wanted)) found = options[i];
    labels += (i > 0 ? ', ' : '') + quote(lined(options[i].label));
  }
  for (let i = 0; i < options.length && found === null; i++) if (options[i].value === wanted) found = options[i];
  if (found === null) search.reason = 'the list has no option ' + quote(wanted) + ' but ' + (labels === '' ? 'none at all' : shorten(labels, 500));
  else if (matches(found, ':disabled')) search.reason = 'the option ' + quote(wanted) + ' is disabled';
  else return choose(list, found);
  return null;
});

function choose(list, option) {
  if (!option.selected) {
    option.selected = true;
    dispatchOn(list, new PageEvent('input', bare({ bubbles: true, composed: true })));
    dispatchOn(list, new PageEvent('change', bare({ bubbles: true })));
  }
  return bare({ done: true });
}
