// A printed page shows the cortex and the picture of the film as they stand: a canvas of the graphics device and a
// film would print as empty boxes.

import { byId, element } from "./dom.js";

function stillOf(video) {
  const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}

export function startPrinting(drawNow) {
  const prints = [];
  const put = (before, address, words) => {
    const print = element("img", { src: address, alt: words, class: "print-only" });
    before.after(print);
    prints.push(print);
  };
  window.addEventListener("beforeprint", () => {
    const cortex = byId("cortex");
    drawNow();
    if (!byId("brain").hidden) put(cortex, cortex.toDataURL("image/png"), "The cortex at the time shown");
    const video = byId("media").querySelector("video");
    if (video?.videoWidth) put(video, stillOf(video), "The picture shown at this time");
  });
  window.addEventListener("afterprint", () => {
    for (const print of prints.splice(0)) print.remove();
  });
}
