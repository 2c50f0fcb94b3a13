// Draws one scenario's journal as a sequence diagram, with the payload of the chosen entry below it and the console's lines below that.
// Everything that a page or a desk said goes in as text, never as markup.
function deskcheckDiagram(div, journal, shared) {
	"use strict";
	// Those who take part where it is a connector that is tried: users first, then the connector, then what Talkdesk is made of.
	const cast = journal.cast || [];
	const HIDDEN = new Set(cast.length ? ["console"] : ["screen", "console"]); // what happens because of the rest; drawn on demand
	const NOTES = { violation: "bad", error: "bad", dialog: "odd", navigation: "odd", popup: "odd", refusal: "odd", screen: "calm", console: "calm", event: "calm", clock: "calm" };
	if (cast.length) delete NOTES.screen; // What a user sees crosses to the user there.
	const REPLIES = new Set(["settled", "returned", "response"]);
	// The colours are for what a message goes by: with agent desks REST, the socket and whatever the customer writes by.
	const desks = journal.desks || [];
	const ROWS = desks.length > 1 ? 240 : 120; // entries drawn at first; more on demand. Each desk begins with some twenty.
	const WIRE = { request: "wire", response: "wire", opened: "wire", frame: "wire", closed: "wire" };
	const CHANNEL = cast.length ? { ...WIRE, request: "method", response: "method", act: "wire", screen: "wire" } : desks.length ? { ...WIRE, request: "method", response: "method", event: "callback", act: "callback" }
		: { ...WIRE, call: "method", settled: "method", callback: "callback", returned: "callback", probe: "callback" };
	const CHANNELS = cast.length ? { method: "API", callback: "webhook", wire: "user" } : desks.length ? { method: "REST", wire: "Socket.IO", callback: "customer" } : { method: "method", callback: "callback", wire: "wire" };
	const ROW = 32, BAND = 30, LINE = 16, BAND_LINES = 4, CHAR = charWidth();
	const bandPen = document.createElement("canvas").getContext("2d");
	bandPen.font = '600 12.5px system-ui, "Liberation Sans", sans-serif'; // as report.css has it
	let gutter = 78, narrow = false; // narrow: a phone, where the drawing shrinks instead of being scrolled sideways

	const entries = journal.entries.map(([seq, at, kind, from, to, name, ref = 0, chat = 0, widget = 0, requirement = "", note = "", payload = "", cut = 0, outcome = ""]) => {
		const data = typeof payload === "number" ? shared[payload] : payload;
		return { seq, at, kind, from, to, name, ref, chat, widget, requirement, note, data, cut, outcome, value: parsed(data, cut) };
	});
	const bySeq = new Map(entries.map((entry) => [entry.seq, entry]));
	const channelOf = (entry) => (entry.from === "webhook" || entry.to === "webhook" ? "callback" : CHANNEL[entry.kind]);
	const parties = cast.length ? [...cast] : desks.length ? ["customer", "agent-manager", ...desks] : ["user", "host", "integration", "desk"];
	if (!cast.length && entries.some((entry) => entry.from === "agent" || entry.to === "agent")) parties.push("agent");
	const state = { from: 0, rows: ROWS, everything: false, chosen: 0 };
	const shows = Object.keys(journal.shows || {}).map(Number);

	// Small makers of nodes.
	function make(tag, attributes = {}, ...children) {
		const element = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes)) {
			if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
			else element.setAttribute(name, value);
		}
		element.append(...children);
		return element;
	}
	function shape(tag, attributes, ...children) {
		const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
		for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
		element.append(...children);
		return element;
	}
	// Characters that act instead of being seen are shown, as everywhere in the report.
	function visible(text) {
		return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
	}
	function line(text, most) {
		const flat = visible(text.replace(/\s+/g, " "));
		if (columns(flat) <= most) return flat;
		let cut = "", left = most - 1;
		for (const character of flat) {
			left -= columns(character);
			if (left < 0) break;
			cut += character;
		}
		return cut + "…";
	}
	// Widths are counted in characters of the fixed-width font; those of East Asian scripts and pictures take two.
	function columns(text) {
		let n = 0;
		for (const character of text) n += character.codePointAt(0) >= 0x1100 && !(character >= "\u2000" && character <= "\u2bff") ? 2 : 1;
		return n;
	}
	function charWidth() {
		const pen = document.createElement("canvas").getContext("2d");
		pen.font = `12px ${getComputedStyle(document.documentElement).getPropertyValue("--mono")}`;
		return pen.measureText("0".repeat(50)).width / 50;
	}
	function parsed(data, cut) {
		if (!data || cut) return undefined;
		try { return JSON.parse(data); } catch { return undefined; }
	}
	function time(ms, short = false) {
		if (short && ms >= 1000) return (ms / 1000).toFixed(ms < 10000 ? 2 : 1) + " s";
		if (ms >= 10000) return (ms / 1000).toFixed(1) + " s";
		return Math.round(ms).toLocaleString("en") + " ms";
	}
	const is = (value) => value !== null && typeof value === "object";

	const went = (entry) => entry.outcome === "rejected" || entry.outcome === "threw" || (entry.kind === "response" && entry.outcome !== "" && !(Number(entry.outcome) < 400));
	function label(entry) {
		switch (entry.kind) {
		case "settled": case "returned": case "response": return `${entry.outcome} ${entry.name}`.trim();
		case "opened": return `opened ${entry.name}`;
		case "closed": return `closed ${entry.name}`;
		case "probe": return `looked for ${entry.name}`;
		case "frame": return desks.length ? `${entry.name}${about(entry)}` : entry.name;
		case "act": return desks.length && entry.note ? entry.note : entry.name;
		case "screen": return cast.length ? seen(entry) : entry.name;
		default: return entry.name;
		}
	}
	// What a user of a connector has seen: a line, a file, a notice, or how the chat stands.
	function seen(entry) {
		const { from, text, file, state } = entry.value || {};
		return `${from || ""} ${text || file?.name || state || entry.name}`.trim();
	}
	// What a frame of a desk is about: the event that it carries, or the frame that it acknowledges.
	function about(entry) {
		if (entry.name === "ack") return bySeq.has(entry.ref) ? ` ${bySeq.get(entry.ref).name}` : "";
		let event = entry.value?.payload?.cimEvent;
		if (typeof event === "string") event = parsed(event, 0);
		return typeof event?.name === "string" ? ` ${event.name}` : "";
	}
	function noteText(entry) {
		if (entry.kind === "screen") return cast.length ? label(entry) : "the screen changed";
		if (entry.kind === "act" && desks.length) return label(entry);
		const kind = entry.kind === "clock" || entry.kind === "violation" ? "" : `${entry.kind}:`;
		const words = [entry.requirement, kind, entry.name, entry.note && `– ${entry.note}`];
		if (!entry.note && (entry.kind === "console" || entry.kind === "error")) words.push(plain(entry));
		return words.filter(Boolean).join(" ");
	}
	// The text of a console line or an error, whatever shape its payload has.
	function plain(entry) {
		const { value } = entry;
		if (typeof value === "string") return value;
		if (Array.isArray(value)) return value.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ");
		if (is(value)) {
			for (const key of ["message", "text", "reason"]) if (typeof value[key] === "string") return value[key];
			for (const key of ["args", "arguments"]) if (Array.isArray(value[key])) return value[key].map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ");
		}
		return entry.data;
	}

	const stepOf = (entry) => journal.steps.findIndex((step) => step.first && entry.seq >= step.first && entry.seq <= step.last);
	const drawable = () => entries.filter((entry) => state.everything || !HIDDEN.has(entry.kind) || shows.includes(entry.seq));

	// The frame around the drawing.
	const scroller = make("div", { class: "scroller", tabindex: "-1" });
	const list = make("div", { class: "canvas" });
	const more = make("p", { class: "more" });
	const toggle = make("input", { type: "checkbox", onchange: () => { state.everything = toggle.checked; begin(); render(); } });
	const hiddenCount = entries.filter((entry) => HIDDEN.has(entry.kind)).length;
	const panel = make("section", { class: "panel", "aria-live": "polite", "aria-label": "The chosen entry" });
	scroller.append(list);
	div.replaceChildren();
	div.append(legend(), scroller, more, panel, ...consoleLines());
	begin();
	render();
	reveal();
	if (shows.length) select(Math.min(...shows), false);
	else panel.append(make("p", { class: "muted" }, "Choose an entry to see what it carried. The arrow keys go up and down."));

	// Where a reader wants to look first: at what a finding shows, or else at the step that failed.
	function telling() {
		if (shows.length) return Math.min(...shows);
		const failed = journal.steps.find((step) => step.status === "failed" && step.first);
		return failed ? failed.first : 0;
	}
	function begin() {
		state.from = 0;
		const all = drawable();
		const at = all.findIndex((entry) => entry.seq >= telling());
		if (at >= ROWS) state.from = Math.max(0, Math.min(at - ROWS + 20, all.length - ROWS));
	}
	function reveal() {
		const row = telling() && [...list.querySelectorAll("g.row")].find((g) => Number(g.dataset.seq) >= telling());
		if (!row) return;
		const top = row.querySelector("rect").y.baseVal.value;
		if (top + ROW > scroller.clientHeight - 34) scroller.scrollTop = top - scroller.clientHeight * 0.4;
	}

	function legend() {
		const sample = (cls, text) => make("span", { class: `sample c-${cls}` }, text);
		const parts = [...Object.entries(CHANNELS).map(([cls, text]) => sample(cls, text)), make("span", { class: "sample reply" }, "reply")];
		if (hiddenCount) parts.push(make("label", { class: "toggle" }, toggle, `screen and console (${hiddenCount})`));
		parts.push(make("a", { href: journal.file }, "journal"));
		return make("p", { class: "legend" }, ...parts);
	}

	function render(again = false) {
		const room = scroller.clientWidth || div.clientWidth;
		narrow = room < 560;
		gutter = narrow ? 46 : 78;
		const width = Math.max(room, 320), edge = narrow ? 29 : 55;
		const gap = (width - gutter - 2 * edge) / (parties.length - 1), box = (party) => Math.min(Math.max(92, bandPen.measureText(party).width + 18), gap - 4);
		const x = Object.fromEntries(parties.map((party, i) => [party, Math.round(gutter + edge + i * gap)]));
		const all = drawable();
		const rows = all.slice(state.from, state.from + state.rows);
		const head = shape("svg", { class: narrow ? "heads narrow" : "heads", width, height: 34, role: "presentation" });
		for (const party of parties) head.append(shape("rect", { x: x[party] - box(party) / 2, y: 4, width: box(party), height: 25, rx: 7 }), shape("text", { x: x[party], y: 21, "text-anchor": "middle" }, party));
		const drawing = shape("g", {});
		let y = 4, step = -1;
		const told = new Set();
		for (const entry of rows) {
			const now = stepOf(entry);
			if (now >= 0 && now !== step) {
				// Steps that recorded nothing are told before the next one that did, unless they have nothing to say.
				for (let i = step + 1; i < now; i++) if (!journal.steps[i].first && journal.steps[i].status === "failed") y = band(drawing, journal.steps[i], y, width, told, i);
				y = band(drawing, journal.steps[now], y, width, told, now);
				step = now;
			}
			y = row(drawing, entry, y, width, x);
		}
		if (state.from + rows.length >= all.length) {
			for (let i = step + 1; i < journal.steps.length; i++) if (journal.steps[i].status === "failed") y = band(drawing, journal.steps[i], y, width, told, i);
		}
		const svg = shape("svg", { width, height: y + 10, role: "listbox", "aria-label": "What crossed, in order of time. Arrow keys choose an entry." });
		for (const party of parties) svg.append(shape("line", { class: "lifeline", x1: x[party], x2: x[party], y1: 0, y2: y + 10 }));
		svg.append(drawing);
		svg.addEventListener("click", (event) => { const hit = event.target.closest("g.row"); if (hit) select(Number(hit.dataset.seq), false); });
		svg.addEventListener("keydown", keys);
		list.replaceChildren(head, svg);
		list.style.width = width + "px";
		const first = svg.querySelector("g.row");
		if (first) first.setAttribute("tabindex", "0");
		if (state.chosen) mark(state.chosen);
		tell(all, rows);
		// The drawing may have brought a scroll bar, which takes room from it.
		if (!again && width > scroller.clientWidth && scroller.clientWidth > 320) render(true);
	}

	// How much is shown, and the way to the rest.
	function tell(all, rows) {
		more.replaceChildren();
		const missing = journal.total - entries.length;
		if (rows.length === all.length && !missing) return;
		more.append(`Entries ${state.from + 1} to ${state.from + rows.length} of ${all.length}`);
		if (missing) more.append(`, out of ${journal.total.toLocaleString("en")} in the journal`);
		more.append(". ");
		if (rows.length < all.length) more.append(make("button", { type: "button", onclick: () => { state.from = 0; state.rows = Infinity; render(); } }, `Draw all ${all.length}`), " ");
		if (missing) more.append("The others are in ", make("a", { href: journal.file }, "the journal"), ".");
	}

	function band(drawing, step, y, width, told, index) {
		if (told.has(index)) return y;
		told.add(index);
		const g = shape("g", { class: `band step-${step.status}` });
		const lines = folded(step.text + (step.status === "failed" ? "  ✗" : ""), width - 20);
		const height = BAND + (lines.length - 1) * LINE;
		g.append(shape("rect", { x: 0, y: y + 4, width, height: height - 8 }));
		lines.forEach((text, i) => g.append(shape("text", { x: 10, y: y + 19 + i * LINE }, text)));
		drawing.append(g);
		return y + height;
	}

	// Breaks the sentence of a step into lines of the given width in pixels, measured in the font of the bands, between words where it can.
	function folded(text, room) {
		const wide = (s) => bandPen.measureText(s).width > room;
		const lines = [""];
		for (let word of visible(text).split(/\s+/)) {
			const joined = `${lines.at(-1)} ${word}`.trim();
			if (!wide(joined)) {
				lines[lines.length - 1] = joined;
				continue;
			}
			if (lines.at(-1)) lines.push("");
			while (wide(word)) {
				const characters = [...word];
				let n = characters.length - 1;
				while (n > 1 && wide(characters.slice(0, n).join(""))) n--;
				lines[lines.length - 1] = characters.slice(0, n).join("");
				lines.push("");
				word = characters.slice(n).join("");
			}
			lines[lines.length - 1] = word;
		}
		if (lines.length > BAND_LINES) {
			lines.length = BAND_LINES;
			lines[BAND_LINES - 1] += " …";
		}
		return lines;
	}

	function row(drawing, entry, y, width, x) {
		const from = x[entry.from], to = x[entry.to];
		const note = NOTES[entry.kind];
		const arrow = from !== undefined && to !== undefined && from !== to && (!note || (entry.kind === "event"));
		const bad = note === "bad" || went(entry);
		const found = shows.includes(entry.seq);
		const g = shape("g", {
			class: `row ${channelOf(entry) ? "c-" + channelOf(entry) : ""} k-${CSS.escape(entry.kind)}${bad ? " bad" : ""}${note === "odd" ? " odd" : ""}${found ? " found" : ""}`,
			role: "option", tabindex: "-1", "aria-selected": "false", "data-seq": entry.seq,
			"aria-label": `${time(entry.at)}, ${entry.kind}, ${entry.from} to ${entry.to}: ${line(note ? noteText(entry) : label(entry), 160)}`,
		});
		g.append(shape("rect", { class: "hit", x: 0, y, width, height: ROW }));
		g.append(shape("text", { class: "at", x: gutter - (narrow ? 2 : 14), y: y + 20, "text-anchor": "end" }, time(entry.at, narrow)));
		if (arrow) drawArrow(g, entry, from, to, y, width);
		else drawNote(g, entry, from ?? to ?? x[entry.kind === "console" || entry.kind === "error" ? "integration" : "host"] ?? x[parties[0]], y, width);
		drawing.append(g);
		return y + ROW;
	}

	function drawArrow(g, entry, from, to, y, width) {
		const reply = REPLIES.has(entry.kind), right = to > from, at = y + 23, tip = right ? to - 2 : to + 2, back = right ? -1 : 1;
		// A label stands above its arrow, so it may be wider; on a phone it may take all the room there is.
		const most = Math.min(Math.max(Math.abs(to - from) + 90, 280), width - gutter - 14);
		const text = line(label(entry), Math.floor(most / CHAR));
		const half = (columns(text) * CHAR) / 2 + 4;
		const middle = Math.min(Math.max((from + to) / 2, gutter + half), width - half - 2);
		g.append(shape("line", { class: reply ? "reply" : "", x1: from, x2: reply ? tip : tip + back * 5, y1: at, y2: at }));
		if (entry.kind === "closed") g.append(shape("path", { class: "open", d: `M${tip + back * 9} ${at - 4}l8 8m0 -8l-8 8` }));
		else if (reply) g.append(shape("path", { class: "open", d: `M${tip + back * 7} ${at - 4}L${tip} ${at}L${tip + back * 7} ${at + 4}` }));
		else g.append(shape("path", { class: "solid", d: `M${tip} ${at}l${back * 8} -4.5v9z` }));
		if (!reply) g.append(shape("circle", { cx: from, cy: at, r: 2.5 }));
		g.append(shape("text", { class: "label", x: middle, y: at - 7, "text-anchor": "middle" }, text));
	}

	function drawNote(g, entry, at, y, width) {
		const edge = gutter + (narrow ? 8 : 0); // the times end at the gutter where it is narrow
		const text = line(noteText(entry), Math.floor((width - edge - 26) / CHAR));
		const size = columns(text) * CHAR + 18;
		const left = entry.kind === "clock" ? edge : Math.max(Math.min(at - size / 2, width - size - 4), edge);
		const box = entry.kind === "clock" ? width - edge - 8 : size;
		g.append(shape("rect", { class: "note", x: left, y: y + 5, width: box, height: 22, rx: 6 }));
		g.append(shape("text", { class: "label", x: left + box / 2, y: y + 20, "text-anchor": "middle" }, text));
	}

	function keys(event) {
		const rows = [...list.querySelectorAll("g.row")];
		const at = rows.indexOf(event.target.closest("g.row"));
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, Enter: at, " ": at }[event.key];
		if (to === undefined || !rows[to]) return;
		event.preventDefault();
		select(Number(rows[to].dataset.seq), true);
	}

	function mark(seq) {
		for (const row of list.querySelectorAll("g.row")) {
			const chosen = Number(row.dataset.seq) === seq;
			row.classList.toggle("chosen", chosen);
			row.setAttribute("aria-selected", String(chosen));
			if (chosen) for (const other of list.querySelectorAll("g.row[tabindex='0']")) other.setAttribute("tabindex", "-1");
			if (chosen) row.setAttribute("tabindex", "0");
		}
	}

	// Chooses an entry: marks its row, shows what it carried, and with go brings it into view and gives it the focus.
	function select(seq, go) {
		const entry = bySeq.get(seq);
		if (!entry) return;
		state.chosen = seq;
		if (!list.querySelector(`g.row[data-seq="${seq}"]`)) {
			state.everything = toggle.checked = state.everything || HIDDEN.has(entry.kind);
			state.from = 0;
			state.rows = Infinity;
			render();
		}
		mark(seq);
		const row = list.querySelector(`g.row[data-seq="${seq}"]`);
		const top = row.querySelector("rect").y.baseVal.value + 34;
		if (top < scroller.scrollTop + 40 || top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top - scroller.clientHeight * 0.6;
		if (go) row.focus({ preventScroll: true });
		if (go) scroller.scrollIntoView({ block: "nearest" });
		show(entry);
	}

	function show(entry) {
		const facts = [["at", time(entry.at)], ["kind", entry.kind], ["from → to", entry.from === entry.to ? entry.from : `${entry.from} → ${entry.to}`]];
		if (entry.chat) facts.push(["chat", String(entry.chat)]);
		if (entry.widget) facts.push(["widget", String(entry.widget)]);
		const answers = entry.ref && bySeq.get(entry.ref);
		const answered = entries.find((other) => other.ref === entry.seq);
		const jump = (other, text) => make("button", { type: "button", class: "link", onclick: () => select(other.seq, true) }, text);
		const extra = [];
		if (answers) extra.push(jump(answers, `answers ${answers.seq}, ${time(entry.at - answers.at)} before`));
		if (answered) extra.push(jump(answered, `answered by ${answered.seq}, ${time(answered.at - entry.at)} after`));
		if (entry.requirement && document.getElementById(`r-${entry.requirement}`)) extra.push(make("a", { class: "id", href: `#r-${entry.requirement}` }, entry.requirement));
		else if (entry.requirement) extra.push(make("span", { class: "id" }, visible(entry.requirement)));
		panel.replaceChildren(
			make("h6", {}, make("span", { class: "muted" }, `${entry.seq}`), " ", make("bdi", {}, visible(entry.name))),
			make("p", { class: "facts-line" }, ...facts.flatMap(([name, value]) => [make("span", {}, make("i", {}, name), " ", visible(value))]), ...extra),
		);
		if (entry.note) panel.append(make("p", { class: "why" }, make("bdi", {}, visible(entry.note))));
		if (entry.data) panel.append(make("pre", { class: "payload", tabindex: "0", "aria-label": "Payload" }, pretty(entry.data)));
		else panel.append(make("p", { class: "muted" }, "It carried nothing."));
		if (entry.cut) panel.append(make("p", { class: "muted" }, `${entry.cut.toLocaleString("en")} more bytes are in `, make("a", { href: journal.file }, "the journal"), "."));
	}

	// Indents JSON token by token: numbers stay as they were written, and a payload that was cut stays readable.
	function pretty(data) {
		const out = document.createDocumentFragment();
		const tokens = data.match(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g) || [];
		let depth = 0, pending = "";
		const put = (text, cls) => {
			if (pending) out.append(pending);
			pending = "";
			out.append(cls ? make("span", { class: cls }, visible(text)) : text);
		};
		tokens.forEach((token, i) => {
			const next = tokens[i + 1];
			if (token === "{" || token === "[") {
				put(token);
				if (next === (token === "{" ? "}" : "]")) return;
				depth++;
				pending = "\n" + "  ".repeat(depth);
			} else if (token === "}" || token === "]") {
				const empty = tokens[i - 1] === "{" || tokens[i - 1] === "[";
				if (!empty) { depth = Math.max(0, depth - 1); pending = "\n" + "  ".repeat(depth); }
				put(token);
			} else if (token === ",") {
				put(token);
				pending = "\n" + "  ".repeat(depth);
			} else if (token === ":") put(": ");
			else put(token, next === ":" ? "key" : token[0] === '"' ? "text" : "literal");
		});
		return out;
	}

	function consoleLines() {
		const lines = entries.filter((entry) => entry.kind === "console" || entry.kind === "error" || entry.kind === "dialog");
		if (!lines.length) return [];
		const items = lines.map((entry) => make("li", { class: /error|assert/.test(entry.name) || entry.kind === "error" ? "bad" : /warn/.test(entry.name) ? "odd" : "" },
			make("span", { class: "at" }, time(entry.at)), make("span", { class: "level" }, entry.kind === "console" ? line(entry.name, 12) : entry.kind),
			make("bdi", {}, visible(plain(entry) || entry.note || entry.name))));
		return [make("h5", {}, `Console and errors (${lines.length})`), make("ol", { class: "console", tabindex: "0", "aria-label": "Console lines and errors" }, ...items)];
	}

	return { select, redraw: () => render() };
}
