// The page's view in its address: read when the page opens, kept up to date while nothing plays, copied by a button.

import { announce, byId } from "./dom.js";
import { MOST_CURVES } from "./inks.js";
import { copyText, keepLink, linkOf, readLink } from "./link.js";
import { limitsOf } from "./look.js";

const LINK_REST = 400; // ms after which a changed view is put in the address
const COPIED = 2500; // ms for which the button says that it did

export class Address {
  constructor(page) {
    this.page = page;
    byId("copy-link").addEventListener("click", () => this.copy());
    window.addEventListener("hashchange", () => this.use());
  }

  get link() {
    const { store, player, brain } = this.page;
    return linkOf(store.now, player.position, brain.scene?.camera);
  }

  keep() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => !this.page.player.playing && keepLink(this.link), LINK_REST);
  }

  read() {
    const { facts, places, store } = this.page;
    return readLink(window.location.hash, {
      layerNow: store.now.layer,
      nLayers: facts.layers.length,
      maps: Object.keys(facts.colour_maps),
      limitsOfLayer: (index) => limitsOf(facts.layers[index]),
      isKnown: (name) => places.isKnown(name),
      mostChosen: MOST_CURVES,
      mostShape: facts.mesh.shapes.length - 1,
    });
  }

  // What the address asks for: its layer first, whose limits and colours the rest may then change.
  async use() {
    const { page } = this;
    const link = this.read();
    const { layer } = link.changes;
    if (layer !== undefined && layer !== page.store.now.layer) {
      page.store.set({ layer });
      await page.changing;
    }
    page.store.set(link.changes);
    if (link.camera) page.brain.setCamera(link.camera);
    if (link.time !== undefined) page.player.seek(link.time);
    page.touch();
  }

  async copy() {
    const address = `${window.location.href.split("#")[0]}${this.link}`;
    keepLink(this.link);
    const isDone = await copyText(address);
    const button = byId("copy-link");
    button.textContent = isDone ? "Link copied" : "The link is in the address bar";
    announce(button.textContent);
    clearTimeout(this.sayTimer);
    this.sayTimer = setTimeout(() => {
      button.textContent = "Copy link";
    }, COPIED);
  }
}
