// Where the page begins: facts in, everything wired, one loop for whatever moves with time.

import { readFacts } from "./decode.js";
import { byId } from "./dom.js";
import { Page } from "./page.js";
import { pageTools } from "./page_tools.js";

function sayTrouble(reason) {
  byId("trouble").textContent = `${reason?.message ?? reason}`;
  byId("trouble").hidden = false;
}

async function startPage() {
  const page = new Page(readFacts());
  const tools = Object.assign(window.tribePage ?? {}, pageTools(page));
  await page.start();
  tools.scene = page.brain.scene;
}

window.tribePage = {};
const started = startPage().catch((reason) => {
  sayTrouble(reason);
  throw reason;
});
window.tribePage.ready = started;
