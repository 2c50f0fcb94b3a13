// The page's own script: filters, links into closed scenarios, and the diagrams, which are drawn when a scenario comes into view and not before.
(() => {
	"use strict";
	const all = (selector, within = document) => [...within.querySelectorAll(selector)];
	document.documentElement.classList.add("scripted");

	// Filters: a form hides what does not match, tells how much is left, and never hides anything once it is empty.
	const filters = { requirements: () => all("table.requirements tbody tr"), scenarios: () => all("details.scenario") };
	const words = new Map(); // element → its text, read once
	const textOf = (element) => {
		if (!words.has(element)) {
			// The text of a script element is data, not words to be found.
			const copy = element.cloneNode(true);
			for (const script of all("script, .journal", copy)) script.remove();
			words.set(element, `${element.id} ${copy.textContent}`.toLowerCase());
		}
		return words.get(element);
	};
	function filter(form) {
		const { text, verdict, area } = form.elements;
		const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
		const elements = filters[form.dataset.filters]();
		let left = 0;
		for (const element of elements) {
			const fits = (!verdict.value || element.dataset.verdict === verdict.value)
				&& (!area || !area.value || element.dataset.area === area.value)
				&& (!wanted.length || wanted.every((word) => textOf(element).includes(word)));
			element.hidden = !fits;
			if (fits) left++;
		}
		for (const feature of all("section.feature")) feature.hidden = !feature.querySelector("details.scenario:not([hidden])");
		form.querySelector("output").textContent = left === elements.length ? `${left} shown` : `${left} of ${elements.length} shown`;
	}
	for (const form of all("form[data-filters]")) {
		form.addEventListener("input", () => filter(form));
		form.addEventListener("submit", (event) => event.preventDefault());
		form.reset();
		filter(form);
	}
	for (const button of all("button[data-open]")) {
		button.addEventListener("click", () => {
			for (const scenario of filters.scenarios()) if (!scenario.hidden) scenario.open = button.dataset.open === "all";
		});
	}

	// A link to a scenario opens it, and a link to something that a filter hides shows it.
	function follow() {
		const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!target) return;
		if (target.hidden) {
			for (const form of all("form[data-filters]")) {
				form.reset();
				filter(form);
			}
		}
		if (target.matches("details")) target.open = true;
		target.scrollIntoView();
		(target.querySelector("summary") || target).focus({ preventScroll: true });
		target.classList.add("arrived");
		target.addEventListener("animationend", () => target.classList.remove("arrived"), { once: true });
	}
	addEventListener("hashchange", follow);
	// A second click on the same link changes no hash, so it is followed here.
	addEventListener("click", (event) => {
		const link = event.target.closest("a[href^='#']");
		if (link && link.getAttribute("href") === location.hash) follow();
	});

	// Diagrams.
	const drawn = new Map(); // div.journal → its diagram
	const shared = JSON.parse(document.getElementById("shared").textContent); // payloads that come more than once
	function draw(div) {
		if (!drawn.has(div)) drawn.set(div, deskcheckDiagram(div, JSON.parse(div.querySelector("script").textContent), shared));
		return drawn.get(div);
	}
	const near = new IntersectionObserver((changes) => {
		for (const { target, isIntersecting } of changes) {
			if (!isIntersecting || !target.clientWidth) continue;
			near.unobserve(target);
			draw(target);
		}
	}, { rootMargin: "600px" });
	for (const div of all("div.journal")) near.observe(div);
	// The first that stand open are drawn at once: they are what most readers came for.
	for (const div of all("details[open] div.journal").slice(0, 3)) {
		near.unobserve(div);
		draw(div);
	}
	let width = innerWidth;
	let timer = 0;
	addEventListener("resize", () => {
		if (innerWidth === width) return;
		width = innerWidth;
		clearTimeout(timer);
		timer = setTimeout(() => { for (const diagram of drawn.values()) diagram.redraw(); }, 150);
	});
	addEventListener("beforeprint", () => { for (const div of all("details[open] div.journal")) draw(div); });
	for (const button of all("button.show")) {
		button.addEventListener("click", () => {
			const div = button.closest(".body").querySelector("div.journal");
			if (div) draw(div).select(Number(button.dataset.entry), true);
		});
	}
	follow();
})();
