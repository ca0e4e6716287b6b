// Pages by address: #/flow, #/trace, #/trace/RUN, #/trace/RUN/OTHER, #/data, #/data/NAME, #/units.

import { follow, get } from "./api.js";
import { fault, h, show } from "./dom.js";
import * as data from "./data.js";
import * as flow from "./flow.js";
import * as trace from "./trace.js";
import * as units from "./units.js";

const PAGES = { flow: ["Flow", flow], trace: ["Trace", trace], data: ["Data", data], units: ["Units", units] };
const SAID = { live: ["live", "ok"], gone: ["platform is gone", "bad"], lost: ["not connected", "bad"] };

const main = document.getElementById("main");
const choice = document.getElementById("environment");
let current = null;
let stop = () => {};

function connected(state) {
  const [text, kind] = SAID[state];
  const place = document.getElementById("live");
  if (place.textContent !== text) place.textContent = text;
  place.className = `badge ${kind}`;
}

function address() {
  const [name, ...rest] = location.hash.replace(/^#\//, "").split("/");
  const words = rest.map((one) => { try { return decodeURIComponent(one); } catch { return one; } });
  return PAGES[name] ? [name, words] : ["flow", []];
}

// A page is asked again at most once at a time; what comes meanwhile is asked for afterwards.
async function refresh(page) {
  if (page.busy) {
    page.again = true;
    return;
  }
  page.busy = true;
  try {
    do {
      page.again = false;
      await page.update();
    } while (page.again && page === current);
  } catch (error) {
    page.failed = true;
    if (page === current) show(main, fault(error));
  } finally {
    page.busy = false;
  }
}

function open() {
  const [name, words] = address();
  const [title, module] = PAGES[name];
  document.title = `${title} · Strata`;
  document.getElementById("nav").replaceChildren(...Object.entries(PAGES).map(([one, [text]]) =>
    h("a", { href: `#/${one}`, "aria-current": one === name && "page" }, text)));
  // Of its own: what an earlier page still waits for must not come into this one.
  const place = h("div", { class: "page" }, h("p", { class: "empty" }, "Loading…"));
  current = module.page({ env: choice.value, words, place, api: `/api/${encodeURIComponent(choice.value)}` });
  show(main, place);
  refresh(current);
}

function listen() {
  stop();
  stop = follow(`/api/${encodeURIComponent(choice.value)}/changes`, () => (current.failed ? open() : refresh(current)), connected);
}

async function begin() {
  try {
    const names = await get("/api/environments");
    choice.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
  } catch (error) {
    connected("lost");
    show(main, fault(error));
    return;
  }
  choice.addEventListener("change", () => { open(); listen(); });
  addEventListener("hashchange", () => { open(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
  open();
  listen();
}

begin();
