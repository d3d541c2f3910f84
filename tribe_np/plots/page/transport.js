// Play, pause, time, speed and the bar that one drags through the time.

import { byId } from "./dom.js";
import { clockWords } from "./wording.js";

const SHAPES = { play: "M7 4.5v15l12.5-7.5z", pause: "M6.5 4.5h4v15h-4zm7 0h4v15h-4z" };

const SOUND = { on: "M15.5 8.5a5 5 0 0 1 0 7m2.6-9.6a8.6 8.6 0 0 1 0 12.2", off: "m16 9.5 5 5m0-5-5 5" };

export class Transport {
  constructor(player, { ontoggle, onseek }) {
    this.player = player;
    this.scrub = byId("scrub");
    byId("play").addEventListener("click", ontoggle);
    this.scrub.addEventListener("input", () => onseek(Number(this.scrub.value)));
    byId("rate").addEventListener("change", (event) => player.setRate(Number(event.target.value)));
    byId("mute").addEventListener("click", () => {
      if (!player.media) return;
      player.media.muted = !player.media.muted;
      this.show();
    });
  }

  show() {
    const { playing, media, end } = this.player;
    byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    byId("play-shape").setAttribute("d", SHAPES[playing ? "pause" : "play"]);
    byId("mute").hidden = !media || media.hasAttribute("data-silent");
    byId("mute").setAttribute("aria-pressed", String(Boolean(media?.muted)));
    byId("mute-shape").setAttribute("d", SOUND[media?.muted ? "off" : "on"]);
    this.scrub.max = String(end);
    byId("end").textContent = clockWords(end, 0);
  }

  update(seconds) {
    const words = `${clockWords(seconds)} of ${clockWords(this.player.end, 0)}`;
    if (this.scrub.getAttribute("aria-valuetext") === words) return;
    this.scrub.setAttribute("aria-valuetext", words);
    this.scrub.value = String(seconds);
    byId("now").textContent = clockWords(seconds);
  }
}
