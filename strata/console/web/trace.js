// Executions, and what each of them did for its object.

import { get } from "./api.js";
import { badge, count, duration, empty, facts, h, moment, panel, show, table, took } from "./dom.js";
import { draw } from "./graph.js";

const PAGE = 100;
const LONG = 20000;
const PUT = "strata put FILE";
const address = (...names) => `#/trace/${names.map(encodeURIComponent).join("/")}`;

export function page(context) {
  const [run, other] = context.words;
  if (other) return comparison(context, run, other);
  return run ? single(context, run) : list(context);
}

function list({ api, place }) {
  let limit = PAGE;
  let text = "";
  let status = "";
  let found = null;
  let timer = 0;
  let said = "";
  const search = h("input", { type: "search", placeholder: "Key, or how a run's name begins", "aria-label": "Search", "data-key": "search", oninput: typed });
  const results = h("div", {});
  const filters = h("div", { class: "bar", role: "group", "aria-label": "Status" });

  function typed() {
    clearTimeout(timer);
    timer = setTimeout(() => { text = search.value; limit = PAGE; ask(); }, 120);
  }

  async function ask() {
    const wanted = text;
    const answer = await get(`${api}/runs`, { text, status, limit });
    if (wanted !== text || JSON.stringify(answer) + status === said) return;
    said = JSON.stringify(answer) + status;
    found = answer;
    render();
  }

  function filter(name) {
    return h("button", { "aria-pressed": String(status === name), "data-key": `status ${name}`, onclick: () => { status = name; limit = PAGE; ask(); } },
      name ? `${name.toLowerCase().replaceAll("_", " ")} ${count(found.counts[name])}` : `all ${count(Object.values(found.counts).reduce((sum, one) => sum + one, 0))}`);
  }

  function row(run) {
    const open = () => { location.hash = address(run.name); };
    return h("tr", { onclick: (event) => { if (!event.target.closest("a")) open(); } }, h("td", {}, badge(run.status)),
      h("td", { class: "key" }, h("a", { href: address(run.name), title: run.key, "data-key": `run ${run.name}` }, run.key || "not an object's event")),
      h("td", { class: "num time" }, moment(run.started)), h("td", { class: "num took" }, took(run)), h("td", { class: "name" }, run.name.slice(0, 8)));
  }

  function render() {
    show(filters, filter(""), Object.keys(found.counts).sort().map(filter));
    const known = found.loading ? `, reading more of ${count(found.total)}` : "";
    const columns = [{ name: "status" }, { name: "object" }, { name: "started (UTC)", number: true }, { name: "took", number: true }, { name: "" }];
    const content = found.runs.length
      ? [table(columns, found.runs.map(row), { class: "pick runs" }), h("p", { class: "bar" }, h("span", { class: "muted" }, `${count(found.runs.length)} of ${count(found.matched)}${known}`),
        found.matched > found.runs.length && h("button", { "data-key": "more", onclick: () => { limit = Math.min(500, limit + PAGE); ask(); } }, "Show more"))]
      : [found.total ? empty("Nothing matches.") : empty("No object has come yet. Put one:", PUT)];
    show(results, h("section", { class: "panel" }, content));
  }

  let first = true;
  return {
    async update() {
      await ask();
      if (first) {
        first = false;
        show(place, h("div", { class: "title" }, h("h1", {}, "Trace"), h("span", { class: "muted" }, "one object from PutObject to visible rows")), h("div", { class: "bar" }, search, filters), results);
      }
    },
  };
}

const text = (value) => {
  const written = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return written.length <= LONG ? written : `${written.slice(0, LONG)}\n… ${count(written.length - LONG)} more characters`;
};

function header(trace) {
  const { run, runs } = trace;
  const others = runs.filter((one) => one.name !== run.name);
  const compare = (event) => { if (event.target.value) location.hash = address(run.name, event.target.value); };
  const named = (one) => `${moment(one.started)} · ${one.status.toLowerCase()} · ${took(one)}`;
  return h("div", {}, h("p", { class: "small" }, h("a", { href: "#/trace" }, "Trace"), " / ", run.name), h("h1", { class: "any" }, `s3://${run.bucket}/${run.key}`),
    h("div", { class: "bar" }, badge(run.status), h("span", {}, took(run)), h("span", { class: "muted" }, `started ${moment(run.started)} UTC`),
      others.length > 0 && h("label", {}, h("span", { class: "small" }, "Other runs of it "), h("select", { "data-key": "others", onchange: (event) => { if (event.target.value) location.hash = address(event.target.value); } },
        h("option", { value: "" }, `${others.length} more`), others.slice(0, 100).map((one) => h("option", { value: one.name }, named(one))))),
      others.length > 0 && h("label", {}, h("span", { class: "small" }, "Compare with "), h("select", { "data-key": "compare", onchange: compare },
        h("option", { value: "" }, "choose"), others.slice(0, 100).map((one) => h("option", { value: one.name }, named(one)))))));
}

function failed(failure) {
  const said = failure.remedy.charAt(0).toUpperCase() + failure.remedy.slice(1);
  return h("section", { class: "panel fault stack", role: "alert" }, h("div", {}, h("h2", {}, `${failure.state} failed`), h("p", { class: "any" }, failure.reason)),
    h("div", {}, h("p", {}, `${said}:`), failure.command && h("pre", {}, failure.command)));
}

function rows(counts) {
  const names = ["read", "clean", "quarantined", "duplicate", "curated", "visible"].filter((name) => counts[name] !== null);
  return names.length > 0 && panel("Rows", h("div", { class: "counts" }, names.map((name) => h("div", { class: "count" }, h("b", {}, count(counts[name])), h("span", {}, name)))));
}

function state(visit, index, open) {
  const what = visit.service ? ` · ${visit.service} ${visit.action}` : "";
  const tries = visit.attempts > 1 ? ` · ${visit.attempts} attempts` : "";
  return h("details", { id: `state-${index}`, "data-key": `state ${index}`, open }, h("summary", {}, badge(visit.status), ` ${visit.name} `, h("span", { class: "muted" }, `${duration(visit.seconds)}${what}${tries}`)),
    h("div", { class: "stack" }, visit.error && h("p", { class: "any" }, h("b", {}, visit.error)), h("div", {}, h("h3", {}, "Input"), h("pre", { tabindex: 0 }, text(visit.input))),
      visit.output !== null && h("div", {}, h("h3", {}, "Output"), h("pre", { tabindex: 0 }, text(visit.output)))));
}

function job(run) {
  const counted = Object.fromEntries(Object.entries(run.report).filter(([name]) => name.startsWith("rows_") || name === "seconds"));
  return h("section", { class: "panel stack" }, h("h2", {}, `Glue job ${run.job} `, badge(run.status)), facts({ run: run.id, took: duration(run.seconds), error: run.error, ...counted }),
    run.stages.length > 0 && stages(run),
    run.output.length > 0 && h("div", {}, h("h3", { class: "any" }, run.log_group), h("pre", { tabindex: 0 }, run.output.join("\n"))),
    run.errors.length > 0 && h("details", { "data-key": `log ${run.id}` }, h("summary", {}, `Spark's log, ${count(run.errors.length)} lines`), h("pre", { tabindex: 0 }, run.errors.join("\n"))));
}

function stages(run) {
  const columns = [{ name: "stage", number: true }, { name: "" }, { name: "name" }, { name: "tasks", number: true }, { name: "read", number: true }, { name: "written", number: true }, { name: "took", number: true }];
  const row = (one) => h("tr", {}, h("td", { class: "num" }, one.id), h("td", {}, badge(one.status)), h("td", { class: "mono any" }, one.name), h("td", { class: "num" }, one.failed_tasks ? `${one.tasks}, ${one.failed_tasks} failed` : one.tasks),
    h("td", { class: "num" }, count(one.records_read)), h("td", { class: "num" }, count(one.records_written)), h("td", { class: "num" }, duration(one.seconds)));
  return h("details", { "data-key": `stages ${run.id}` }, h("summary", {}, `Spark stages, ${count(run.stages.length)}`), table(columns, run.stages.map(row)));
}

function rule(found) {
  const condition = (one) => h("tr", {}, h("td", { class: "mono" }, one.field), h("td", { class: "mono any" }, one.wanted), h("td", { class: "mono any" }, one.found),
    h("td", {}, h("span", { class: `badge ${one.holds ? "ok" : "bad"}` }, one.holds ? "holds" : "fails")));
  return h("details", { "data-key": `rule ${found.name}`, open: found.matches }, h("summary", {}, h("span", { class: `badge ${found.matches ? "ok" : ""}` }, found.matches ? "matches" : "does not match"), ` ${found.name}`),
    table([{ name: "field" }, { name: "wanted" }, { name: "in the event" }, { name: "" }], found.conditions.map(condition)));
}

function results(trace) {
  const { claim, files, quarantined, visible, refresh } = trace;
  return [
    files.length > 0 && panel("Files written", table([{ name: "kind" }, { name: "key" }, { name: "bytes", number: true }],
      files.map((one) => h("tr", {}, h("td", {}, one.kind), h("td", { class: "mono any" }, one.key), h("td", { class: "num" }, count(one.size)))))),
    quarantined.length > 0 && panel("Lines that are not rows", table([{ name: "line", number: true }, { name: "reason" }, { name: "detail" }, { name: "text" }],
      quarantined.map((one) => h("tr", {}, h("td", { class: "num" }, one.line), h("td", {}, one.reason), h("td", { class: "any" }, one.detail), h("td", { class: "mono any" }, one.row))))),
    visible && panel("External table", h("p", { class: "any" }, visible.fault || `${visible.table} shows ${count(visible.rows)} rows of this object now.`),
      refresh.statements !== undefined && h("p", { class: "muted" }, `Refreshed by ${refresh.statements} statements: ${refresh.files} files.`)),
    panel("Event", facts(trace.event)),
    panel("Rules", trace.rules.map(rule)),
    claim && panel("Claim", facts({ status: claim.ours ? claim.status : `${claim.status}, written by another run`, execution: claim.execution.split(":").pop(), claimed: claim.claimed_at, finished: claim.finished_at, generation: claim.generation })),
  ];
}

function single({ api, place }, name) {
  let whole = false;
  let found = null;
  let said = "";

  function choose(node) {
    const index = found.trace.states.map((one) => one.name).lastIndexOf(node.id);
    const details = document.getElementById(`state-${index}`);
    if (details) {
      details.open = true;
      details.scrollIntoView({ block: "nearest" });
      details.querySelector("summary").focus();
    }
  }

  function render() {
    const { trace } = found;
    const failure = trace.failure?.state;
    show(place, header(trace), trace.failure && failed(trace.failure), rows(trace.rows),
      h("div", { class: "split" },
        h("section", { class: "panel" }, h("div", { class: "title" }, h("h2", {}, "States"), h("button", { class: "link", "data-key": "whole", "aria-pressed": String(whole), onclick: () => { whole = !whole; render(); } }, whole ? "Only those on the way" : "All states")),
          h("div", { class: "scroll" }, draw(whole ? found.whole : found.graph, { label: "States of the execution", choose }))),
        h("div", { class: "stack" }, panel("What each state did", trace.states.map((visit, index) => state(visit, index, visit.name === failure))), trace.jobs.map(job), results(trace))));
  }

  return {
    async update() {
      if (found && found.trace.run.status !== "RUNNING") return;
      const answer = await get(`${api}/runs/${encodeURIComponent(name)}`);
      if (JSON.stringify(answer) === said) return;
      said = JSON.stringify(answer);
      found = answer;
      render();
    },
  };
}

function comparison({ api, place }, one, other) {
  let both = null;
  return {
    async update() {
      if (both && both.every((found) => found.trace.run.status !== "RUNNING")) return;
      both = await Promise.all([one, other].map((name) => get(`${api}/runs/${encodeURIComponent(name)}`)));
      const traces = both.map((found) => found.trace);
      const names = [...new Set(traces.flatMap((trace) => trace.states.map((visit) => visit.name)))];
      const cell = (trace, name) => {
        const visit = trace.states.findLast((one) => one.name === name);
        return h("td", {}, visit ? [badge(visit.status), ` ${duration(visit.seconds)}`] : h("span", { class: "muted" }, "not visited"));
      };
      const fact = (name, value) => h("tr", {}, h("td", {}, name), traces.map((trace) => h("td", { class: "any" }, value(trace))));
      show(place, h("div", {}, h("p", { class: "small" }, h("a", { href: "#/trace" }, "Trace"), " / two runs"), h("h1", { class: "any" }, `s3://${traces[0].run.bucket}/${traces[0].run.key}`)),
        panel(null, table([{ name: "" }, ...traces.map((trace) => ({ name: moment(trace.run.started) }))], [
          fact("run", (trace) => h("a", { href: address(trace.run.name) }, trace.run.name.slice(0, 18))),
          fact("status", (trace) => badge(trace.run.status)), fact("took", (trace) => took(trace.run)),
          fact("version", (trace) => trace.run.version_id), fact("rows read", (trace) => trace.rows.read ?? "–"), fact("rows visible", (trace) => trace.rows.visible ?? "–"),
          fact("failure", (trace) => trace.failure?.reason ?? "–"),
          names.map((name) => h("tr", {}, h("td", {}, name), traces.map((trace) => cell(trace, name))))])),
        h("div", { class: "two" }, both.map((found) => h("section", { class: "panel" }, h("h2", {}, moment(found.trace.run.started)), h("div", { class: "scroll" }, draw(found.graph, { label: "States" }))))));
    },
  };
}
