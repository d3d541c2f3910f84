// What was shown: the film, the sound, the picture or the words, and a plain sentence where something is missing.

import { blobText, bytesOfBase64 } from "./decode.js";
import { byId, element } from "./dom.js";
import { Wave } from "./wave.js";
import { Words } from "./words.js";

const NOTHING = { kind: "none", start: 0, duration: 0, words: [], note: "" };

// The element that shows a stimulus; null where there is no file.
export function stimulusElement(stimulus, address) {
  if (!address) return null;
  const mime = stimulus.mime || "";
  if (mime.startsWith("image/")) return element("img", { src: address, alt: "Picture shown as the stimulus" });
  if (mime.startsWith("video/")) {
    return element("video", {
      src: address,
      playsinline: true,
      preload: "auto",
      disablepictureinpicture: true,
      "data-silent": !stimulus.has_sound,
      "aria-label": "Film shown as the stimulus",
    });
  }
  return element("audio", { src: address, preload: "auto" });
}

export function isPlayable(shown) {
  return Boolean(shown) && (shown.tagName === "VIDEO" || shown.tagName === "AUDIO");
}

// Why the clock is our own, or what is missing: never left unsaid.
export function stimulusNote(stimulus, shown, isBroken) {
  const said = [];
  if (isBroken) said.push("This browser cannot play the stimulus; the clock is the page's own.");
  else if (stimulus.kind === "none" || (!shown && stimulus.kind !== "text"))
    said.push("The page has no stimulus to play; the clock is its own.");
  else if (!shown && stimulus.kind === "text") said.push("Words alone, without sound; the clock is the page's own.");
  else if (!isPlayable(shown)) said.push("The clock is the page's own.");
  if (stimulus.note) said.push(stimulus.note);
  return said.join(" ");
}

// All stimuli of the page: a layer may have its own. The media are unpacked when they are first shown.
export class Stimuli {
  constructor(facts, player, onseek) {
    this.facts = facts;
    this.player = player;
    this.words = new Words(onseek);
    this.number = -1;
    this.isBroken = false;
    this.blobs = new Map();
  }

  get now() {
    return this.facts.stimuli[this.number] ?? NOTHING;
  }

  // Where the stimulus ends, in seconds of the page.
  get end() {
    const last = (this.now.words ?? []).reduce((stop, word) => Math.max(stop, word.start + (word.duration || 0)), 0);
    return Math.max(this.now.start + this.now.duration, last);
  }

  blobOf(stimulus) {
    if (!stimulus.blob) return null;
    if (!this.blobs.has(stimulus.blob)) {
      const blob = new Blob([bytesOfBase64(blobText(stimulus.blob))], { type: stimulus.mime });
      this.blobs.set(stimulus.blob, { blob, address: URL.createObjectURL(blob) });
    }
    return this.blobs.get(stimulus.blob);
  }

  use(number) {
    if (number === this.number) return;
    this.number = number;
    this.isBroken = false;
    const file = this.blobOf(this.now);
    this.shown = stimulusElement(this.now, file?.address);
    this.wave = null;
    this.put();
    if (this.shown?.tagName === "AUDIO") this.putWave(file.blob);
    this.words.load(this.now.words ?? []);
    this.player.setMedia(isPlayable(this.shown) ? this.shown : null, this.now.start, this.now.duration);
  }

  put() {
    const media = byId("media");
    media.hidden = !this.shown;
    media.replaceChildren(...(this.shown ? [this.shown] : []));
    media.dataset.shows = this.shown ? this.shown.tagName.toLowerCase() : "nothing";
    byId("stimulus").dataset.kind = this.now.kind;
    document.documentElement.classList.toggle("no-stimulus", !this.shown && !this.now.words?.length);
    this.sayNote();
  }

  putWave(blob) {
    const canvas = element("canvas", { class: "wave", "aria-hidden": "true" });
    byId("media").append(canvas);
    this.wave = new Wave(canvas, this.now.duration);
    this.wave.read(blob);
  }

  sayNote() {
    const note = stimulusNote(this.now, this.shown, this.isBroken);
    byId("stimulus-note").textContent = note;
    byId("stimulus-note").hidden = !note;
  }

  sayBroken() {
    this.isBroken = true;
    this.sayNote();
  }

  update(seconds) {
    this.words.update(seconds);
    if (this.wave) this.wave.draw((seconds - this.now.start) / Math.max(this.now.duration, 1e-6));
  }
}
