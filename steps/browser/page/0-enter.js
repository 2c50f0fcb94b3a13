// Nothing of the kit stays within the page's reach but globalThis.deskcheck: the binding is taken and its global removed before any script of the page can look. In a
// frame that is all that happens; what a frame does reaches the kit through the browser.
const BINDING = '%BINDING%';
const HEADED = '%HEADED%' === 'true';
const bound = globalThis[BINDING];
delete globalThis[BINDING];
if (globalThis.top !== globalThis.self || typeof bound !== 'function') return;
