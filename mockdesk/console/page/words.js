// Times and sizes in words.

// elapsed is a length of time as 0:07, 12:30 or 1:02:03.
export function elapsed(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// inWords is the same for those who listen: "2 minutes 5 seconds".
export function inWords(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [[Math.floor(seconds / 3600), 'hour'], [Math.floor(seconds / 60) % 60, 'minute'], [seconds % 60, 'second']];
  return parts.filter(([n]) => n > 0).map(([n, unit]) => count(n, unit)).join(' ') || 'no time';
}

// count is a number with its noun: 1 line, 2 lines.
export function count(n, noun, nouns = `${noun}s`) {
  return `${n.toLocaleString('en')} ${n === 1 ? noun : nouns}`;
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

// timeOfDay is a moment (RFC 3339, or milliseconds) as 14:05:09 where the reader is.
export function timeOfDay(moment) {
  return clockTime.format(new Date(moment));
}

// exactly is a moment with its milliseconds.
export function exactly(moment) {
  const date = new Date(moment);
  return `${clockTime.format(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// size is a number of bytes as a person says it.
export function size(bytes) {
  if (bytes < 1000) return count(bytes, 'byte');
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

// callerOf is how a conversation is called: by its user, or by the beginning of its id.
export function callerOf(conversation) {
  const name = typeof conversation.user === 'string' ? conversation.user : conversation.user?.name;
  return name || `Guest ${conversation.id.slice(0, 6)}`;
}
