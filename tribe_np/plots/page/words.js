// The words of the stimulus as running text: the one being spoken is lit, a click on a word goes there.

import { lastStartAt } from "./clock.js";
import { byId, element } from "./dom.js";

const PAUSE = 1.5; // seconds of silence that begin a paragraph
const LONG = 60; // words after which the next sentence begins one
const REST = 4000; // ms for which a reader's own scrolling is left alone
const TURNS_TEXT = /[\u202a-\u202e\u2066-\u2069]/; // characters that would turn the words after theirs around
const LINGER = 0.25; // seconds for which a word stays lit where nothing follows

export function paragraphsOf(words) {
  const paragraphs = [];
  let current = [];
  let stop = Number.NEGATIVE_INFINITY;
  words.forEach((word, index) => {
    const before = index ? words[index - 1].text : "";
    const isSentence = /[.!?…。！？]["'”’)\]]*$/.test(before);
    if (
      current.length &&
      (word.start - stop > PAUSE || (current.length >= LONG && isSentence) || current.length >= 4 * LONG)
    ) {
      paragraphs.push(current);
      current = [];
    }
    current.push(index);
    stop = Math.max(stop, word.start + (word.duration || 0));
  });
  if (current.length) paragraphs.push(current);
  return paragraphs;
}

export class Words {
  constructor(onseek) {
    this.box = byId("words");
    this.onseek = onseek;
    this.spans = [];
    this.starts = [];
    this.lit = -1;
    this.touched = Number.NEGATIVE_INFINITY;
    const touch = () => {
      this.touched = performance.now();
    };
    for (const name of ["wheel", "touchmove", "pointerdown"]) this.box.addEventListener(name, touch, { passive: true });
    this.box.addEventListener("click", (event) => {
      const word = event.target.closest("[data-word]");
      if (!word || String(window.getSelection())) return;
      this.touched = Number.NEGATIVE_INFINITY;
      this.onseek(this.words[Number(word.dataset.word)].start);
    });
    this.box.addEventListener("keydown", (event) => this.step(event));
    // A film that comes in above it takes its room: the lit word would be left below the edge.
    new ResizeObserver(() => this.lit >= 0 && this.follow(this.spans[this.lit])).observe(this.box);
  }

  load(words) {
    this.words = [...words].sort((a, b) => a.start - b.start);
    this.starts = Float64Array.from(this.words, (word) => word.start);
    this.spans = this.words.map(({ text }, index) =>
      element("span", { class: "word", "data-word": index, dir: TURNS_TEXT.test(text) ? "auto" : null }, text),
    );
    const paragraphs = paragraphsOf(this.words).map((indices) => {
      const paragraph = element("p", { dir: "auto" });
      for (const index of indices) paragraph.append(this.spans[index], " ");
      return paragraph;
    });
    this.box.replaceChildren(...paragraphs);
    this.box.hidden = !this.words.length;
    this.box.scrollTop = 0;
    this.lit = -1;
  }

  step(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.words.length) return;
    const at = Math.max(0, this.last ?? 0);
    const to = { ArrowLeft: at - 1, ArrowRight: this.last < 0 ? 0 : at + 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.touched = Number.NEGATIVE_INFINITY;
    this.onseek(this.words[Math.min(this.words.length - 1, Math.max(0, to))].start);
  }

  update(t) {
    this.last = lastStartAt(this.starts, t + 1e-6);
    const word = this.words?.[this.last];
    const next = this.words?.[this.last + 1];
    const isOver = !word || (t >= word.start + (word.duration || 0) + LINGER && !(next && next.start - t < LINGER));
    const lit = isOver ? -1 : this.last;
    if (lit === this.lit) return;
    this.spans[this.lit]?.classList.remove("is-lit");
    this.lit = lit;
    if (lit < 0) return;
    this.spans[lit].classList.add("is-lit");
    this.follow(this.spans[lit]);
  }

  // Scrolls the box, never the page, and not while the reader scrolls it. Twice: paragraphs that were never seen have
  // only a guessed height, and what the first step brings up moves the word.
  follow(span, again = true) {
    if (performance.now() - this.touched < REST) return;
    const height = this.box.clientHeight;
    const top = span.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
    if (top >= height * 0.1 && top <= height * 0.7) return;
    this.box.scrollTop += top - height * 0.35;
    if (again) requestAnimationFrame(() => this.follow(span, false));
  }
}
