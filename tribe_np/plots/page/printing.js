// A printed page shows the cortex and the picture of the film as they stand: a canvas of the graphics device and a
// film would print as empty boxes.

import { byId, element } from "./dom.js";

function stillOf(video) {
  const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}

// redraw() draws all that has colours of its own; on paper those are the light ones.
export function startPrinting(redraw) {
  const root = document.documentElement;
  const prints = [];
  const put = (before, address, words) => {
    const print = element("img", { src: address, alt: words, class: "print-only", decoding: "sync" });
    before.after(print);
    prints.push(print);
  };
  window.addEventListener("beforeprint", () => {
    const cortex = byId("cortex");
    root.dataset.screenTheme = root.dataset.theme;
    root.dataset.theme = "light";
    redraw();
    if (!byId("stage").hidden) put(cortex, cortex.toDataURL("image/png"), "The cortex at the time shown");
    const video = byId("media").querySelector("video");
    if (video?.videoWidth) put(video, stillOf(video), "The picture shown at this time");
  });
  window.addEventListener("afterprint", () => {
    root.dataset.theme = root.dataset.screenTheme;
    redraw();
    for (const print of prints.splice(0)) print.remove();
  });
}
