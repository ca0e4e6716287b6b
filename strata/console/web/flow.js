// The whole platform as one picture.

import { get } from "./api.js";
import { badge, empty, facts, h, moment, panel, show, table, took } from "./dom.js";
import { draw } from "./graph.js";

const KINDS = { bucket: "Buckets", rule: "Rules", machine: "State machines", job: "Jobs and functions", store: "Lake", table: "Tables", query: "Queries" };
const STATES = { ok: "healthy", running: "running", warn: "had failures", bad: "needs attention", idle: "nothing yet" };

export function page({ api, place }) {
  let chosen = null;
  let graph = null;
  let latest = [];
  let said = "";

  function choose(node) {
    chosen = node.id;
    render();
  }

  function details(node) {
    if (!node) return panel("What is what", h("p", { class: "muted" }, "An object in the raw bucket is an event; a rule starts a state machine for it; its jobs write the lake, which tables show. Choose a box."));
    return h("section", { class: "panel stack" }, h("div", {}, h("p", { class: "head" }, KINDS[node.kind]), h("h2", { class: "any" }, node.label),
      h("span", { class: `badge ${node.state}` }, STATES[node.state])), facts(node.facts), node.href && h("p", {}, h("a", { href: node.href }, "Open")));
  }

  function runs() {
    const row = (run) => h("tr", {}, h("td", {}, badge(run.status)), h("td", { class: "key" }, h("a", { href: `#/trace/${encodeURIComponent(run.name)}`, title: run.key, "data-key": `run ${run.name}` }, run.key || "not an object's event")),
      h("td", { class: "num time" }, moment(run.started)), h("td", { class: "num took" }, took(run)));
    return panel("Latest objects", latest.length ? table([{ name: "" }, { name: "object" }, { name: "started (UTC)", number: true }, { name: "took", number: true }], latest.map(row), { class: "runs" })
      : empty("No object has come yet. Put one:", "strata put FILE"));
  }

  function render() {
    const node = graph.nodes.find((one) => one.id === chosen);
    const groups = Object.entries(KINDS).map(([kind, title]) => {
      const members = graph.nodes.filter((one) => one.kind === kind);
      return members.length > 0 && [h("h3", {}, title), members.map((one) => h("button", { "data-key": `list ${one.id}`, onclick: () => choose(one), "aria-pressed": String(one.id === chosen) },
        h("span", { class: "any" }, one.label), h("span", { class: `badge ${one.state}` }, one.detail)))];
    });
    const bad = graph.nodes.filter((one) => one.state === "bad").length;
    const running = graph.nodes.filter((one) => one.state === "running").length;
    show(place,
      h("div", { class: "title" }, h("h1", {}, "Flow"), h("span", { class: "muted" }, bad ? `${bad} need attention` : running ? "at work" : "at rest")),
        h("section", { class: "panel" }, h("div", { class: "scroll wide-only" }, draw(graph, { label: "The platform, from buckets to queries", chosen, choose, fit: true, heads: KINDS })), h("div", { class: "groups" }, groups)),
        h("div", { class: "two" }, details(node), runs()));
  }

  return {
    async update() {
      const found = await Promise.all([get(`${api}/flow`), get(`${api}/runs`, { limit: 6 })]);
      const text = JSON.stringify(found);
      if (text === said) return;
      said = text;
      graph = found[0];
      latest = found[1].runs;
      render();
    },
  };
}
