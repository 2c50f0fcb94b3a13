// The record: what crosses is sent to Go at once and in order, through a binding that only these scripts hold. Go knows a document by its stamp, so nothing of an
// earlier document is ever taken for the present one's.
const MOST_ENTRIES = 5000;
const MOST_BYTES = 8 * 1024 * 1024;
const stamp = slice(text(random()), 2) + slice(text(random()), 2);

let lastID = 0;
let sentBytes = 0;
let attempt = 0;
let sealed = false;

// Whoever waits for the page to calm down is told of every change; see 5-traffic.js.
let activity = 0;
let onActivity = null;
function changed() {
  activity++;
  if (onActivity === null) return;
  const fn = onActivity;
  onActivity = null;
  fn();
}

// control sends what is meant for the kit itself and never reaches the journal.
const control = (kind, more) => bound('{"s":' + quote(stamp) + ',"k":' + quote(kind) + ',"ts":' + quote(now()) + more + '}');

// emit sends one entry and answers its number, 0 when nothing is recorded any more. Data is JSON text or ''.
function emit(kind, name, from, to, data, ref, widget, entryNote, requirement) {
  if (sealed) return 0;
  if (lastID >= MOST_ENTRIES || sentBytes > MOST_BYTES) {
    sealed = true;
    const what = lastID >= MOST_ENTRIES ? lastID + ' entries' : floor(sentBytes / 1024 / 1024) + ' MiB';
    send('violation', 'flood', 'integration', 'page', '', 0, 0, 'the page recorded ' + what + '; nothing after this is recorded', '');
    return 0;
  }
  return send(kind, name, from, to, data, ref, widget, entryNote, requirement);
}

function send(kind, name, from, to, data, ref, widget, entryNote, requirement) {
  const id = ++lastID;
  let json = '{"s":' + quote(stamp) + ',"k":' + quote(kind) + ',"n":' + quoted(name, 500) + ',"f":' + quote(from) + ',"t":' + quote(to) + ',"id":' + id + ',"ts":' + quote(now());
  if (ref) json += ',"ref":' + ref;
  if (attempt) json += ',"c":' + attempt;
  if (widget) json += ',"w":' + widget;
  if (entryNote) json += ',"note":' + quoted(entryNote, 4000);
  if (requirement) json += ',"req":' + quoted(requirement, 100);
  if (data) json += ',"d":' + data;
  json += '}';
  sentBytes += json.length;
  bound(json);
  changed();
  return id;
}

const CUT = 'the data was cut: an entry holds 64 KiB';

// record is the public way in, used by the host page.
function record(entry) {
  if (sealed) return 0;
  const kind = text(entry.kind);
  if (kind === '' || startsWith(kind, '$')) throw new NativeTypeError('deskcheck.record: an entry needs a kind');
  const data = entry.data === undefined ? { json: '', cut: false } : snapshot(entry.data);
  const entryNote = entry.note ? text(entry.note) : data.cut ? CUT : '';
  return emit(kind, text(entry.name ?? ''), text(entry.from ?? 'host'), text(entry.to ?? 'page'), data.json,
    whole(entry.ref), whole(entry.widget), entryNote, entry.requirement ? text(entry.requirement) : '');
}

const whole = (value) => max(0, number(value ?? 0) | 0);

function setAttempt(value) {
  attempt = whole(value);
}
