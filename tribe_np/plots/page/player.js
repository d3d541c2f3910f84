// One clock for everything. Where the stimulus has a sound or a film, that is the clock; before it, after it and where
// there is none, a clock of our own goes on, so that the BOLD of the last seconds, which comes later, is seen too.

const FRESH = 250; // ms for which the time of the last shown picture is trusted

export class Player {
  constructor({ end, onchange, onbroken }) {
    this.position = 0;
    this.end = end;
    this.playing = false;
    this.rate = 1;
    this.media = null;
    this.onchange = onchange;
    this.onbroken = onbroken;
    this.last = 0;
    this.shown = null; // { mediaTime, at }: the picture of the film that is on the screen
    this.seeking = null;
  }

  // Take a <video> or <audio> as the clock from `start` to `start + duration`; null: our own clock alone.
  setMedia(media, start = 0, duration = 0) {
    const goesOn = this.playing;
    this.pause();
    this.media = media;
    this.mediaStart = start;
    this.mediaDuration = duration;
    this.shown = null;
    if (media) this.attach(media);
    this.seek(this.position);
    if (goesOn) this.play();
  }

  attach(media) {
    media.playbackRate = this.rate;
    media.addEventListener("loadedmetadata", () => {
      if (Number.isFinite(media.duration)) this.mediaDuration = media.duration;
      this.seek(this.position);
    });
    media.addEventListener("error", () => this.dropMedia(media));
    media.addEventListener("pause", () => {
      // Someone else paused it: a headset, the system. At its end the clock goes on.
      if (this.media === media && this.playing && !media.ended && !media.seeking && this.isInside()) this.pause();
    });
    if (media.requestVideoFrameCallback) {
      const note = (_, { mediaTime, expectedDisplayTime }) => {
        if (this.media !== media) return;
        this.shown = { mediaTime, at: expectedDisplayTime };
        media.requestVideoFrameCallback(note);
      };
      media.requestVideoFrameCallback(note);
    }
  }

  dropMedia(media) {
    if (this.media !== media) return;
    this.media = null;
    this.onbroken();
    this.onchange();
  }

  isInside(position = this.position) {
    if (!this.media) return false;
    const at = position - this.mediaStart;
    return at >= 0 && at < this.mediaDuration - 0.02;
  }

  play() {
    if (this.position >= this.end - 0.01) this.seek(0);
    this.playing = true;
    this.last = performance.now();
    if (this.isInside()) this.startMedia();
    this.onchange();
  }

  startMedia() {
    const media = this.media;
    media.play().catch((reason) => {
      if (this.media !== media) return;
      if (reason.name === "NotSupportedError") this.dropMedia(media);
      else if (reason.name !== "AbortError") this.pause();
    });
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    if (this.media) this.media.pause();
    this.onchange();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  // Resolves when the film shows the picture of that time, at once where there is no film.
  seek(seconds) {
    const wanted = Number.isFinite(seconds) ? seconds : 0;
    this.position = Math.min(this.end, Math.max(0, wanted));
    this.shown = null;
    this.last = performance.now();
    const media = this.media;
    if (!media || media.readyState < 1) {
      this.onchange();
      return Promise.resolve();
    }
    const at = Math.min(Math.max(0, this.position - this.mediaStart), Math.max(0, this.mediaDuration - 0.01));
    const isThere = Math.abs(media.currentTime - at) < 1e-4;
    const done = isThere
      ? Promise.resolve()
      : new Promise((resolve) => media.addEventListener("seeked", resolve, { once: true }));
    if (!isThere) media.currentTime = at;
    if (this.playing) {
      if (this.isInside()) this.startMedia();
      else media.pause();
    }
    this.onchange();
    return done;
  }

  setRate(rate) {
    this.rate = rate;
    if (this.media) this.media.playbackRate = rate;
    this.onchange();
  }

  setEnd(end) {
    this.end = end;
    if (this.position > end) this.seek(end);
    this.onchange();
  }

  // Called once for each picture of the screen: where the clock stands.
  tick(now) {
    if (!this.playing) return this.position;
    const passed = (Math.max(0, now - this.last) / 1000) * this.rate;
    this.last = now;
    if (this.isInside()) {
      if (this.media.paused && !this.media.ended) this.startMedia();
      if (!this.media.seeking && this.media.readyState >= 2) this.position = this.mediaStart + this.mediaTime(now);
      if (this.media.ended) this.position = this.mediaStart + this.mediaDuration;
    } else {
      this.position += passed;
      if (this.isInside()) {
        this.media.currentTime = this.position - this.mediaStart;
        this.startMedia();
      }
    }
    if (this.position >= this.end) {
      this.position = this.end;
      this.pause();
    }
    return this.position;
  }

  // The film's own clock; between two of its pictures the time since the last one was shown.
  mediaTime(now) {
    if (this.media.paused || !this.shown || now - this.shown.at > FRESH || now < this.shown.at)
      return this.media.currentTime;
    return this.shown.mediaTime + ((now - this.shown.at) / 1000) * this.rate;
  }
}
