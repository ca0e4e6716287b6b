// Graphs that the server has placed.

import { s } from "./dom.js";

const CHARACTER = 6.6;
const HEAD = 28;

export function shortened(text, width) {
  const room = Math.max(4, Math.floor(width / CHARACTER));
  const letters = [...text];
  if (letters.length <= room) return text;
  const head = Math.floor(((room - 1) * 2) / 3);
  return `${letters.slice(0, head).join("")}…${letters.slice(letters.length - (room - 1 - head)).join("")}`;
}

// Draw a graph; `choose` is called with a node that is clicked or entered, `heads` are titles of columns by kind.
export function draw(graph, { label, chosen, choose, fit, heads }) {
  const [width, height] = graph.box;
  const edges = [...graph.edges].sort((one, other) => one.taken - other.taken);
  const nodes = graph.nodes.map((node) => {
    const pick = choose && (() => choose(node));
    const attributes = { class: `node ${node.state}${node.id === chosen ? " chosen" : ""}`, transform: `translate(${node.x},${node.y})` };
    if (pick) {
      const keyed = (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          pick();
        }
      };
      Object.assign(attributes, { tabindex: 0, role: "button", "data-key": `node ${node.id}`, onclick: pick, onkeydown: keyed,
        "aria-label": `${node.label}, ${node.detail || node.state}`, "aria-pressed": String(node.id === chosen) });
    }
    const lines = node.detail
      ? [s("text", { x: 13, y: height / 2 - 3 }, shortened(node.label, width - 20)), s("text", { x: 13, y: height / 2 + 12, class: "small" }, shortened(node.detail, width - 20))]
      : [s("text", { x: 13, y: height / 2 + 4 }, shortened(node.label, width - 20))];
    return s("g", attributes, s("title", {}, `${node.label}${node.detail ? `: ${node.detail}` : ""}`),
      s("rect", { class: "box", width, height, rx: 4 }), s("rect", { class: "bar", width: 4, height, rx: 2 }), lines);
  });
  const columns = heads ? Object.entries(heads).map(([kind, text]) => [text, graph.nodes.find((node) => node.kind === kind)?.x]) : [];
  const titles = columns.filter(([, x]) => x !== undefined).map(([text, x]) => s("text", { class: "small", x, y: -12 }, text));
  const above = titles.length ? HEAD : 0;
  return s("svg", { class: `graph${fit ? " fit" : ""}`, viewBox: `0 ${-above} ${graph.width} ${graph.height + above}`, width: graph.width, height: graph.height + above,
    role: "group", "aria-label": label }, titles, edges.map((edge) => s("path", { class: `edge${edge.taken ? " taken" : ""}`, d: edge.path })), nodes);
}
