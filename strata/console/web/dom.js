// Elements from values. A string becomes a text node, so that no value is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Put new content into a place; what was focused and what was unfolded stays so.
export function show(place, ...content) {
  const focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  const open = new Set([...place.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
  const shut = new Set([...place.querySelectorAll("details:not([open])[data-key]")].map((one) => one.dataset.key));
  place.replaceChildren(...content.flat(Infinity).filter(Boolean));
  for (const one of place.querySelectorAll("details[data-key]")) {
    if (open.has(one.dataset.key)) one.open = true;
    if (shut.has(one.dataset.key)) one.open = false;
  }
  if (focused) [...place.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused)?.focus({ preventScroll: true });
}

export const panel = (title, ...content) => h("section", { class: "panel" }, title && h("h2", {}, title), ...content);

export function facts(values) {
  const found = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h("dl", { class: "facts" }, found.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export function table(columns, rows, attributes = {}) {
  const head = h("tr", {}, columns.map((one) => h("th", { scope: "col", class: one.number && "num" }, one.name)));
  return h("div", { class: "scroll" }, h("table", attributes, h("thead", {}, head), h("tbody", {}, rows)));
}

export const empty = (text, command) => h("div", { class: "empty" }, h("p", {}, text), command && h("code", {}, command));

export function fault(error) {
  return h("section", { class: "panel fault", role: "alert" }, h("h2", {}, "This cannot be shown"), h("p", { class: "any" }, error.message),
    error.remedy && h("p", { class: "muted any" }, error.remedy), error.page && h("p", { class: "muted any" }, "See ", h("code", {}, error.page)));
}

const RUNS = { SUCCEEDED: "ok", COMPLETE: "ok", ACTIVE: "running", PENDING: "running", RUNNING: "running", STARTING: "running", PENDING_REDRIVE: "running", succeeded: "ok", running: "running", caught: "warn", FOLDER: "ok", IN_PROGRESS: "running", SUPERSEDED: "warn" };
export const badge = (status) => h("span", { class: `badge ${RUNS[status] || "bad"}` }, status.toLowerCase().replaceAll("_", " "));

export const count = (value) => Number(value).toLocaleString("en");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "running";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function moment(text) {
  if (!text) return "";
  return new Date(text).toISOString().replace("T", " ").slice(0, 19);
}

export const took = (run) => (run.stopped ? duration((new Date(run.stopped) - new Date(run.started)) / 1000) : "running");
