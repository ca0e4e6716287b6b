// Data sets, the quarantine, and questions to the tables.

import { get, post } from "./api.js";
import { badge, count, empty, fault, h, moment, panel, s, show, table } from "./dom.js";

const OUTCOMES = ["clean", "duplicate", "quarantined"];
const HISTORY = "strata-sql-history";
const BARS = 60;
const POLL = 700;

export function page({ api, place, words }) {
  const sql = statements(api);
  let said = "";
  let sets = [];
  let lines = null;
  let name = words[0];
  const rest = h("div", { class: "stack" });

  function render() {
    const chosen = sets.find((one) => one.name === name) || sets[0];
    if (!chosen) {
      show(rest, panel(null, empty("There is no data set yet. Draft a contract from a sample file:", "strata contract draft FILE")));
      return;
    }
    name = chosen.name;
    if (!lines || lines.name !== name) lines = quarantine(api, name);
    show(rest,
      sets.length > 1 && h("div", { class: "bar", role: "group", "aria-label": "Data sets" }, sets.map((one) => h("a", { class: "badge", href: `#/data/${encodeURIComponent(one.name)}`, "aria-current": one === chosen && "page" }, one.name))),
      summary(chosen), h("div", { class: "two" }, outcomes(chosen), contract(chosen)), lines.element);
    sql.suggest(chosen.table, chosen.rows.visible);
    lines.ask(chosen.reasons);
  }

  let first = true;
  return {
    async update() {
      const found = await get(`${api}/datasets`);
      if (first) {
        first = false;
        show(place, h("div", { class: "title" }, h("h1", {}, "Data"), h("span", { class: "muted" }, "data sets, what became of their rows, and questions to their tables")), rest, sql.element);
      }
      const text = JSON.stringify(found);
      if (text === said) return;
      said = text;
      sets = found;
      render();
    },
  };
}

function summary(set) {
  const fresh = set.hours === null ? h("span", { class: "muted" }, "no promise of new rows")
    : h("span", {}, h("span", { class: `badge ${set.fresh_rows ? "ok" : "warn"}` }, set.fresh_rows ? "fresh" : "stale"), ` ${count(set.fresh_rows)} new rows in ${set.hours} h`);
  const boxes = [["objects", set.objects], ["rows read", set.rows.read], ["clean", set.rows.clean], ["quarantined", set.rows.quarantined], ["duplicate", set.rows.duplicate], ["visible", set.rows.visible]];
  return h("section", { class: "panel stack" }, h("div", { class: "title" }, h("h2", {}, set.name), h("span", { class: "muted any" }, set.fault || set.table), fresh), set.contract.description && h("p", { class: "any" }, set.contract.description),
    h("div", { class: "counts" }, boxes.map(([name, value]) => h("div", { class: "count" }, h("b", {}, count(value)), h("span", {}, name)))));
}

function outcomes(set) {
  const counted = set.outcomes.filter((one) => one.read !== null).slice(0, BARS).reverse();
  const most = Math.max(1, ...counted.map((one) => one.read));
  const width = 600 / Math.max(counted.length, 12);
  const bars = counted.map((one, index) => {
    let top = 96;
    const parts = OUTCOMES.map((kind) => {
      const height = ((one[kind] || 0) / most) * 94;
      top -= height;
      return s("rect", { class: kind, x: index * width + 1, y: top, width: Math.max(1, width - 2), height });
    });
    return s("g", {}, s("title", {}, `${one.key}, ${moment(one.finished_at)}: ${OUTCOMES.map((kind) => `${one[kind]} ${kind}`).join(", ")}`), parts);
  });
  const row = (one) => h("tr", {}, h("td", {}, badge(one.status)), h("td", { class: "key" }, h("span", { class: "any" }, one.key)), h("td", { class: "num took" }, one.read === null ? "–" : `${count(one.visible)} of ${count(one.read)}`), h("td", { class: "num time" }, moment(one.finished_at)));
  return panel("Rows by outcome", counted.length > 0 && [s("svg", { class: "bars", viewBox: "0 0 600 96", preserveAspectRatio: "none", role: "img", "aria-label": `Rows of the last ${counted.length} objects by outcome` }, bars),
    h("p", { class: "legend" }, OUTCOMES.map((kind) => h("span", {}, h("i", { class: kind }), kind)), h("span", {}, "one bar an object, the newest on the right"))],
    set.outcomes.length ? table([{ name: "" }, { name: "object" }, { name: "rows visible", number: true }, { name: "finished (UTC)", number: true }], set.outcomes.slice(0, 8).map(row), { class: "runs" }) : empty("No object of it has come yet. Put one:", `strata put FILE --key ${set.name}/FILE`));
}

function contract(set) {
  const row = (one) => h("tr", {}, h("td", { class: "mono" }, one.name), h("td", { class: "mono" }, one.type), h("td", {}, [one.key && "key", one.required && "required"].filter(Boolean).join(", ")), h("td", { class: "any" }, one.description));
  return panel(`Contract ${set.contract.version}`, h("p", { class: "small any" }, `${set.contract.file}, ${set.contract.format}`),
    h("div", { class: "tall", tabindex: 0 }, table([{ name: "column" }, { name: "type" }, { name: "" }, { name: "description" }], set.contract.columns.map(row))));
}

function quarantine(api, name) {
  const base = `${api}/datasets/${encodeURIComponent(name)}/quarantine`;
  let timer = 0;
  let reasons = {};
  const body = h("div", {});
  const reason = h("select", { "aria-label": "Reason", "data-key": "reason", onchange: () => load() });
  const search = h("input", { type: "search", placeholder: "Text of a line or key", "aria-label": "Search the quarantine", "data-key": "quarantine", oninput: () => { clearTimeout(timer); timer = setTimeout(load, 200); } });
  const row = (one) => h("tr", {}, h("td", { class: "key" }, h("span", { class: "any" }, one.key)), h("td", { class: "num" }, one.line || "whole"), h("td", {}, one.reason), h("td", { class: "any" }, one.detail), h("td", { class: "mono any" }, one.row));

  async function load() {
    try {
      const found = await get(base, { reason: reason.value, text: search.value, limit: 100 });
      show(body, found.rows.length ? [table([{ name: "object" }, { name: "line", number: true }, { name: "reason" }, { name: "detail" }, { name: "text" }], found.rows.map(row)),
        h("p", { class: "muted" }, `${count(found.rows.length)} of ${count(found.total)}.`)]
        : empty(reason.value || search.value ? "Nothing matches." : "Nothing is in the quarantine."));
    } catch (error) {
      show(body, fault(error));
    }
  }

  const again = processAgain(api, name, () => reason.value);
  return {
    name,
    element: panel("Quarantine", h("div", { class: "bar" }, search, reason, h("a", { href: `${base}.jsonl`, download: "quarantine.jsonl" }, "Download all"), again.button), again.element, body),
    ask(found) {
      reasons = found;
      const was = reason.value;
      reason.replaceChildren(h("option", { value: "" }, "every reason"), ...Object.entries(reasons).map(([one, times]) => h("option", { value: one }, `${one} (${count(times)})`)));
      reason.value = was in reasons ? was : "";
      load();
    },
  };
}

// Start the state machine that reprocesses, after a question, and show how far it is.
function processAgain(api, name, reason) {
  const element = h("div", { "aria-live": "polite" });
  const button = h("button", { "data-key": "again", onclick: ask }, "Process again…");

  function ask() {
    const chosen = reason();
    const whose = chosen ? `the objects of ${name} with lines that ${chosen} put here` : `all objects of ${name}`;
    const command = `strata reprocess --dataset ${name}${chosen ? ` --reason ${chosen}` : ""}`;
    const yes = h("button", { class: "main", onclick: () => start(chosen) }, "Process again");
    show(element, h("div", { class: "stack", role: "group", "aria-label": "Process again" }, h("p", { class: "any" }, `Process ${whose} again? An object stays as it is unless its contract, the code or a reference file has changed. The same as `, h("code", {}, command)),
      h("div", { class: "bar" }, yes, h("button", { onclick: leave }, "Cancel"))));
    yes.focus();
  }

  function leave() {
    show(element);
    button.focus();
  }

  async function start(chosen) {
    button.disabled = true;
    try {
      let now = await post(`${api}/datasets/${encodeURIComponent(name)}/reprocess`, { reason: chosen });
      while (tell(now)) {
        await new Promise((wake) => { setTimeout(wake, POLL); });
        // Another page is shown: the machine goes on without being watched.
        if (!element.isConnected) break;
        now = await get(`${api}/reprocess/${encodeURIComponent(now.name)}`);
      }
    } catch (error) {
      show(element, fault(error));
    }
    button.disabled = false;
  }

  function tell(now) {
    const ended = now.succeeded + now.failed;
    show(element, h("p", { class: "any" }, badge(now.status), ` ${count(ended)} of ${count(now.found)} objects, ${count(now.failed)} failed. `, h("span", { class: "muted" }, now.error || `execution ${now.name}`)),
      now.found > 0 && h("progress", { max: now.found, value: ended, "aria-label": "Objects processed again" }));
    return now.status === "RUNNING";
  }

  return { element, button };
}

function remembered() {
  try {
    const found = JSON.parse(localStorage.getItem(HISTORY) || "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function statements(api) {
  const box = h("textarea", { rows: 3, spellcheck: "false", "aria-label": "SQL statement", "data-key": "sql", onkeydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(); } });
  const answer = h("div", { "aria-live": "polite" });
  const past = h("div", {});

  function history() {
    const found = remembered();
    show(past, found.length > 0 && h("details", { "data-key": "history" }, h("summary", {}, `History, ${found.length}`), found.map((one) => h("p", {}, h("button", { class: "link mono any", onclick: () => { box.value = one; box.focus(); } }, one)))));
  }

  async function run() {
    const sql = box.value.trim();
    if (!sql) return;
    localStorage.setItem(HISTORY, JSON.stringify([sql, ...remembered().filter((one) => one !== sql)].slice(0, 20)));
    history();
    await ask(sql);
  }

  async function ask(sql) {
    show(answer, h("p", { class: "muted" }, "Running…"));
    try {
      const found = await post(`${api}/query`, { sql });
      const row = (cells) => h("tr", {}, cells.map((cell) => h("td", { class: cell === null && "null" }, cell === null ? "NULL" : cell)));
      show(answer, h("p", { class: "muted" }, `${count(found.rows.length)}${found.cut ? " first" : ""} rows in ${found.seconds.toFixed(2)} s`),
        h("div", { class: "results", tabindex: 0 }, table(found.columns.map((name) => ({ name })), found.rows.map(row))));
    } catch (error) {
      show(answer, fault(error));
    }
  }

  history();
  return {
    element: h("section", { class: "panel stack" }, h("h2", {}, "SQL"), box, h("div", { class: "bar" }, h("button", { class: "main", onclick: run }, "Run"), h("span", { class: "small" }, "Ctrl+Enter runs it, as the platform's reader")), answer, past),
    suggest(name, rows) {
      if (box.value || !name) return;
      box.value = `SELECT * FROM ${name.split(".").pop()} LIMIT 20`;
      // Sample rows, so that the data is seen before anything is asked.
      if (rows) ask(box.value);
    },
  };
}
