// What lies under the pointer: vertex, hemisphere, region and its value now. A click plots it.

import { byId, element } from "./dom.js";

const STILL = 6; // px that a click may move
const TOUCH_STAYS = 3500; // ms for which a tap's tip is shown

export class Hover {
  // ask(x, y) -> vertex or null; tell(vertex) -> { name, place, value }; onpick(vertex)
  constructor(canvas, { ask, tell, onpick }) {
    this.tip = byId("tip");
    Object.assign(this, { canvas, ask, tell });
    this.vertex = null;
    this.pending = 0;
    this.down = null;
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.hide());
    canvas.addEventListener("keydown", () => this.hide()); // the cortex may turn away under a pointer that stays
    canvas.addEventListener("pointerdown", (event) => {
      this.down = event.isPrimary ? [event.clientX, event.clientY] : null;
      this.hide();
    });
    canvas.addEventListener("click", (event) => {
      const isStill = !this.down || Math.hypot(event.clientX - this.down[0], event.clientY - this.down[1]) <= STILL;
      if (!isStill) return;
      const vertex = this.ask(...this.within(event));
      if (vertex !== null) onpick(vertex);
      if (event.pointerType === "touch") this.showBriefly(event);
    });
  }

  within(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  move(event) {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const at = this.within(event);
    if (this.pending) cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.show(this.ask(...at), ...at);
    });
  }

  showBriefly(event) {
    const at = this.within(event);
    this.show(this.ask(...at), ...at);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), TOUCH_STAYS);
  }

  show(vertex, x, y) {
    if (vertex === null) return this.hide();
    this.vertex = vertex;
    this.canvas.classList.add("is-over");
    this.refresh();
    this.tip.hidden = false;
    const room = this.canvas.parentElement;
    const left = Math.max(4, Math.min(room.clientWidth - this.tip.offsetWidth - 4, x + 16));
    const above = y - this.tip.offsetHeight - 12;
    this.tip.style.transform = `translate(${left}px, ${above > 4 ? above : y + 18}px)`;
  }

  // The value moves with time while the pointer stays.
  refresh() {
    if (this.vertex === null) return;
    const { name, place, value } = this.tell(this.vertex);
    this.tip.replaceChildren(
      element("strong", {}, name),
      element("span", {}, place),
      element("span", { class: "figure" }, value),
    );
  }

  hide() {
    this.vertex = null;
    this.tip.hidden = true;
    this.canvas.classList.remove("is-over");
  }
}
