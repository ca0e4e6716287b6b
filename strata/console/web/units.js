// The live tree as a graph, and what the last plan would change.

import { get } from "./api.js";
import { count, empty, facts, h, moment, panel, show, table } from "./dom.js";
import { draw } from "./graph.js";

const STYLES = { delete: "bad", replace: "bad", forget: "bad", update: "warn", create: "ok", import: "running", move: "running" };

export function page({ api, env, place }) {
  let found = null;
  let chosen = null;
  let said = "";

  function choose(node) {
    chosen = node.id;
    render();
  }

  function change(resource) {
    const action = resource.actions.filter((one) => one !== "no-op").join(", ") || "no-op";
    const kind = resource.actions.length > 1 ? "replace" : resource.actions[0];
    const values = resource.values || [];
    const value = ([name, before, after]) => h("tr", {}, h("td", {}, name), h("td", { class: "was" }, before ?? ""), h("td", { class: "will" }, after ?? ""));
    return h("details", { "data-key": `change ${resource.address}`, open: kind === "update" }, h("summary", { class: "any" }, h("span", { class: `badge ${STYLES[kind] || ""}` }, action), ` ${resource.address}`),
      values.length ? table([{ name: "attribute" }, { name: "before" }, { name: "after" }], values.map(value), { class: "diff" }) : h("p", { class: "muted" }, resource.changed.join(", ") || "no attribute changes"));
  }

  function planned(unit) {
    if (!found.plan) return empty("This environment was not planned yet:", `strata plan ${env}`);
    const plan = found.plan.units[unit.path];
    const at = h("p", { class: "muted" }, `planned ${moment(found.plan.planned_at)} UTC`);
    if (!plan || (!plan.resources.length && !plan.outputs.length)) return [at, h("p", {}, "The last plan changes nothing here.")];
    return [at, plan.resources.map(change), plan.outputs.length > 0 && h("p", { class: "any" }, `outputs: ${plan.outputs.join(", ")}`)];
  }

  function total() {
    if (!found.plan) return "";
    const changes = Object.entries(found.plan.changes).filter(([, times]) => times).map(([kind, times]) => `${count(times)} to ${kind}`);
    return `, last plan: ${changes.join(", ") || "no changes"}`;
  }

  // Each environment is asked when somebody unfolds this: reading another live tree takes a moment.
  function environments() {
    const body = h("div", {});
    const details = h("details", { "data-key": "environments" }, h("summary", {}, "Environments side by side"), body);
    details.addEventListener("toggle", async () => {
      if (!details.open || body.childElementCount) return;
      show(body, h("p", { class: "muted" }, "Reading…"));
      const names = await get("/api/environments");
      const pages = await Promise.all(names.map((name) => get(`/api/${encodeURIComponent(name)}/units`).catch((error) => error)));
      const components = [...new Set(pages.flatMap((one) => (one.units || []).map((unit) => unit.component)))];
      const cell = (one, component) => {
        const unit = (one.units || []).find((other) => other.component === component);
        return h("td", {}, unit ? [h("span", { class: `badge ${unit.state === "applied" ? "ok" : ""}` }, unit.state), ` ${count(unit.resources)} resources`] : h("span", { class: "muted" }, one.message || "not there"));
      };
      show(body, table([{ name: "unit" }, ...names.map((name) => ({ name }))], components.map((component) => h("tr", {}, h("td", {}, component), pages.map((one) => cell(one, component))))));
    });
    return h("section", { class: "panel" }, details);
  }

  const beside = environments();

  function render() {
    const changes = (one) => found.plan?.units[one.path]?.resources.length;
    const unit = found.units.find((one) => one.path === chosen) || found.units.find(changes) || found.units[0];
    const row = (one) => h("tr", { onclick: () => choose({ id: one.path }) }, h("td", {}, h("button", { class: "link", "data-key": `unit ${one.path}`, onclick: () => choose({ id: one.path }) }, one.component)),
      h("td", {}, h("span", { class: `badge ${one.state === "applied" ? "ok" : ""}` }, one.state)), h("td", { class: "num" }, count(one.resources)), h("td", { class: "num" }, one.serial ?? "–"));
    const applied = found.units.filter((one) => one.state === "applied").length;
    show(place, h("div", { class: "title" }, h("h1", {}, "Units"), h("span", { class: "muted" }, `${applied} of ${found.units.length} applied${total()}`)),
      h("section", { class: "panel wide-only" }, h("div", { class: "scroll" }, draw(found.graph, { label: "Units and what they wait for", chosen: unit?.path, choose, fit: true }))),
      h("div", { class: "two" }, panel("All units", table([{ name: "unit" }, { name: "state" }, { name: "resources", number: true }, { name: "serial", number: true }], found.units.map(row), { class: "pick" })),
        unit && h("section", { class: "panel stack" }, h("h2", { class: "any" }, unit.path), facts({ state: unit.state, resources: count(unit.resources), "waits for": unit.after.map((one) => one.split("/").pop()).join(", ") || "nothing", outputs: unit.outputs.join(", ") }), h("div", {}, h("h3", {}, "Last plan"), planned(unit)))), beside);
  }

  return {
    async update() {
      const answer = await get(`${api}/units`);
      if (JSON.stringify(answer) === said) return;
      said = JSON.stringify(answer);
      found = answer;
      if (found.units.length) render();
      else show(place, panel("Units", empty("The environment has no units.")));
    },
  };
}
