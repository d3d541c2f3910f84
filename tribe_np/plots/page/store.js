// What is chosen on the page: one plain record. Whoever shows a part of it is called when that part changes.

export class Store {
  constructor(initial) {
    this.now = { ...initial };
    this.watchers = [];
  }

  // watch(["layer", "map"], now => ...): called once for a change of any of the names.
  watch(names, call) {
    this.watchers.push({ names: new Set(names), call });
  }

  set(changes) {
    const changed = Object.keys(changes).filter((name) => !Object.is(this.now[name], changes[name]));
    if (!changed.length) return;
    this.now = { ...this.now, ...changes };
    for (const { names, call } of this.watchers) {
      if (changed.some((name) => names.has(name))) call(this.now);
    }
  }
}
