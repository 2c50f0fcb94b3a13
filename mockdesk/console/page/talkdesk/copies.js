// An entry of the journal as something to be used elsewhere.

import { at } from '../asking.js';
import { state } from '../state.js';
import * as record from '../record.js';

// copies are the forms that every entry has.
export const copies = { wait, curl };

const quote = (text) => `'${String(text).replaceAll("'", String.raw`'\''`)}'`;

// wait is the command that waits for the next such entry.
function wait(entry) {
  const conditions = ['kind', 'from', 'name'].map((field) => `${field} == ${JSON.stringify(entry[field])}`);
  return `deskcheck desk wait --after ${entry.seq} ${quote(conditions.join(' && '))}`;
}

// leftOut are headers that curl makes for itself.
const leftOut = new Set(['content-length', 'connection', 'host', 'accept-encoding']);

// curl is the command that has the same happen again, where one can: what the connector asked, and what it was told, to which the journal's answers belong. Secrets are to be filled in.
function curl(entry) {
  let asked = entry;
  while (asked && asked.kind !== 'request') asked = asked.ref ? record.numbered(asked.ref) : undefined;
  if (!asked) return control('/journal/wait', { match: `seq == ${entry.seq}` });
  const { method, headers = {}, body } = asked.data;
  const parts = [`curl -i -X ${method} ${quote(addressOf(asked))}`];
  for (const [name, value] of Object.entries(headers)) if (!leftOut.has(name.toLowerCase())) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`--data-raw ${quote(typeof body === 'string' ? body : JSON.stringify(body))}`);
  return parts.join(' \\\n  ');
}

function addressOf({ to, data: { host, path, query } }) {
  const { identityUrl, apiUrl, storageUrl } = state.account ?? {};
  const base = { identity: identityUrl, api: apiUrl, storage: storageUrl }[to] ?? `http://${host}`;
  return base + path + (query ? `?${query}` : '');
}

function control(path, body) {
  return [`curl -i -X POST ${quote(location.origin + at(path))}`, '-H "Authorization: Bearer $DESKCHECK_DESK_TOKEN"', "-H 'Content-Type: application/json'", `--data-raw ${quote(JSON.stringify(body))}`].join(' \\\n  ');
}
