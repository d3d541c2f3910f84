// What tests and tools may ask of the page: window.tribePage.

import { seriesAt, vertexAt } from "./values.js";

export function pageTools(page) {
  const at = (seconds) => seconds ?? page.player.position;
  const state = () => ({
    ...page.store.now,
    playing: page.player.playing,
    rate: page.player.rate,
    time: page.player.position,
    end: page.player.end,
    link: page.address.link,
  });
  return {
    time: () => page.player.position,
    seek: (seconds) => page.seek(seconds),
    play: () => page.player.play(),
    pause: () => page.player.pause(),
    valueAt: (vertex, seconds) => vertexAt(page.layer, vertex, at(seconds), page.store.now.align),
    regionMean: (name, seconds) =>
      seriesAt(page.places.series(page.layer, name), page.layer.clock, at(seconds), page.store.now.align),
    state,
    set: (changes) => page.store.set(changes),
    page,
  };
}
