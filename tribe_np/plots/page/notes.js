// What is said in the head and at the foot of the page: what it shows, where that comes from and what was odd.

import { byId, element } from "./dom.js";
import { clockWords, countWords } from "./wording.js";

const LONG_TITLE = 80; // letters from which the title is set smaller

// What the values are: a page may hold predictions, measured data, or both.
function contentWords({ layers }) {
  const isMeasured = layers.map((layer) => Boolean(layer.is_measured));
  if (!isMeasured.includes(true)) return "Predicted response of the cortex";
  return isMeasured.includes(false)
    ? "Predicted and measured response of the cortex"
    : "Measured response of the cortex";
}

function originWords({ layers }) {
  const measured = layers.filter((layer) => layer.is_measured).map((layer) => layer.name);
  if (!measured.length) return "The colours are predictions of a model, not a measurement of a brain.";
  if (measured.length === layers.length) return "The colours are measured data, brought to this mesh.";
  return `Measured data: ${measured.join(", ")}. The other layers are predictions of a model.`;
}

export function showHead(facts) {
  document.title = facts.title || contentWords(facts);
  byId("title").textContent = document.title;
  byId("title").title = document.title;
  byId("title").classList.toggle("is-long", document.title.length > LONG_TITLE);
  const said = [
    contentWords(facts),
    facts.mesh.name,
    countWords(facts.mesh.n_vertices, "vertex", "vertices"),
    clockWords(facts.time.duration, 0),
    `a row every ${facts.time.tr} s`,
  ];
  byId("subtitle").textContent = said.join(" · ");
  const caution = facts.caution ?? "";
  byId("caution").textContent = caution.charAt(0).toUpperCase() + caution.slice(1);
  byId("caution").hidden = !caution;
}

export function showNotes(facts) {
  const offset = facts.time.hemodynamic_offset;
  const said = [
    originWords(facts),
    offset
      ? `A row describes what is on at its start; its BOLD comes ${offset} s later.`
      : "A row stands at its start.",
    "Between rows values are interpolated linearly; where there is no row the cortex is bare.",
    facts.parcellation
      ? `Regions: ${facts.parcellation.name}. A curve is the mean over the vertices of a region.`
      : "No parcellation came with this page: curves are those of single vertices.",
    facts.mesh.origin ? `Mesh: ${facts.mesh.name}, ${facts.mesh.origin}.` : "",
    ...(facts.notes ?? []),
  ];
  byId("note-list").replaceChildren(...said.filter(Boolean).map((words) => element("li", {}, words)));
  byId("made-by").textContent = facts.made_by ? `Made by ${facts.made_by}` : "";
}
