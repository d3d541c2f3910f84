// What is said at the foot and in the head of the page: where it comes from and what was odd.

import { byId, element } from "./dom.js";
import { clockWords, countWords } from "./wording.js";

const LONG_TITLE = 80; // letters from which the title is set smaller

export function showHead(facts) {
  document.title = facts.title || "Predicted response of the cortex";
  byId("title").textContent = document.title;
  byId("title").title = document.title;
  byId("title").classList.toggle("is-long", document.title.length > LONG_TITLE);
  const said = [
    "Predicted response of the cortex",
    facts.mesh.name,
    countWords(facts.mesh.n_vertices, "vertex", "vertices"),
    clockWords(facts.time.duration, 0),
  ];
  said.push(`one row each ${facts.time.tr} s`);
  byId("subtitle").textContent = said.join(" · ");
}

export function showNotes(facts) {
  const offset = facts.time.hemodynamic_offset;
  const said = [
    "The colours are predictions of a model, not a measurement of a brain.",
    `A row describes what is on at its start; its BOLD comes ${offset} s later. Between rows values are interpolated linearly; where nothing was predicted the cortex is bare.`,
    facts.parcellation
      ? `Regions: ${facts.parcellation.name}. A curve is the mean over the vertices of a region.`
      : "No parcellation came with this page: curves are those of single vertices.",
    facts.mesh.origin ? `Mesh: ${facts.mesh.name}, ${facts.mesh.origin}.` : "",
    ...(facts.notes ?? []),
  ];
  byId("note-list").replaceChildren(...said.filter(Boolean).map((words) => element("li", {}, words)));
  byId("made-by").textContent = facts.made_by ? `Made by ${facts.made_by}` : "";
}
