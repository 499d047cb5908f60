// The photos of this visit, asked about as many at a time as the API works on; one that fails does not stop the rest.

import { ApiError, detect } from "./api.js";
import { t } from "./i18n.js";
import { RAW_TYPES, rescale } from "./photo.js";
import { scaleDown } from "./scaling.js";

const USUAL_AT_ONCE = 2;
const SMALL = 1e6; // bytes: what is smaller is sent as it is, and not decoded here at all
const SENT = { longest: 1600, shortest: 640, quality: 0.92 }; // of the rest; long photos are looked at in parts

const cancelled = () => new ApiError(() => t("cancelled"), { cancelled: true });

export class Queue {
  // Nothing is sent before agreed resolves.
  constructor(base, agreed = Promise.resolve()) {
    this.base = base;
    this.agreed = agreed;
    this.onChange = () => {}; // hears of every change: of an item, or with null of all
    this.items = [];
    this.running = 0;
    this.atOnce = USUAL_AT_ONCE;
    this.urgent = null; // the item that is done next
    this.paused = false; // while the API cannot be reached, what waits goes on waiting
    this.detail = "fine"; // of the photos that are asked about from now on
    this.abort = new AbortController();
  }

  add(photos) {
    const items = photos.map(({ blob, name, path = name, given = null }) => ({ id: newId(), blob, name, path, given, state: "waiting", answer: null, error: null }));
    this.bring(items);
    return items;
  }

  // Takes items that were here before: cleared, or kept on the device. What was not answered is asked about.
  bring(items) {
    items.forEach((item) => {
      item.state = item.answer ? "done" : item.state === "cancelled" ? "cancelled" : "waiting";
      item.error = item.state === "cancelled" ? cancelled() : null;
    });
    this.items.push(...items);
    this.items.sort((a, b) => (a.id < b.id ? -1 : 1)); // what comes back has its old place
    this.onChange(null);
    this.next();
  }

  retry(items) {
    this.paused = false;
    items.forEach((item) => this.set(item, { state: "waiting", error: null }));
    this.next();
  }

  cancel() {
    this.abort.abort();
    this.abort = new AbortController();
    const waiting = this.items.filter((item) => item.state === "waiting");
    waiting.forEach((item) => this.set(item, { state: "cancelled", error: cancelled() }));
  }

  // Returns what was in it; what was not done yet still is to be.
  clear() {
    const { items, open } = this;
    this.items = [];
    this.cancel();
    open.forEach((item) => Object.assign(item, { state: "waiting", error: null, run: null }));
    this.onChange(null);
    return items;
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    this.onChange(null);
  }

  // An item that waits is done next.
  hurry(item) {
    this.urgent = item;
  }

  get done() {
    return this.items.filter((item) => item.state === "done");
  }

  get retryable() {
    return this.items.filter(({ state, error }) => state === "cancelled" || (state === "failed" && !error.final));
  }

  get open() {
    return this.items.filter((item) => item.state === "waiting" || item.state === "working");
  }

  set(item, changes) {
    Object.assign(item, changes);
    if (this.items.includes(item)) this.onChange(item);
  }

  next() {
    while (!this.paused && this.running < this.atOnce) {
      const isNext = this.urgent?.state === "waiting" && this.items.includes(this.urgent);
      const item = isNext ? this.urgent : this.items.find(({ state }) => state === "waiting");
      if (!item) return;
      this.running += 1;
      this.work(item).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  async work(item) {
    const run = {};
    const { detail } = this;
    this.set(item, { state: "working", error: null, run });
    const { signal } = this.abort;
    const settle = (changes) => item.run === run && this.set(item, changes); // else it was cleared, and came back
    try {
      await this.agreed;
      const asked = await this.ask(item.blob, { signal, detail, onWait: (seconds) => settle({ waits: seconds }) });
      const again = item === this.urgent && detail !== this.detail; // the switch was moved meanwhile
      settle(again ? { state: "waiting" } : { state: "done", ...asked, waits: 0 });
    } catch (error) {
      if (!(error instanceof ApiError)) console.error(error);
      const known = error instanceof ApiError ? error : new ApiError(() => t("unshowable"), { final: true });
      if (known.unreachable) this.paused = true;
      settle({ state: known.cancelled ? "cancelled" : "failed", error: known, waits: 0 });
    }
  }

  // Resolves to { answer, milliseconds } in pixels of the photo. What the API finds too large is sent again, smaller.
  async ask(blob, options) {
    if (RAW_TYPES.includes(blob.type) && blob.size <= SMALL) {
      try {
        return await detect(this.base, blob, options);
      } catch (error) {
        if (!error.tooLarge) throw error;
      }
    }
    const photo = await scaleDown(blob, SENT).catch(() => null);
    const { answer, milliseconds } = await detect(this.base, photo?.jpeg ?? blob, options);
    if (!photo) throw new ApiError(() => t("unshowable"), { final: true });
    return { answer: rescale(answer, photo.width, photo.height), milliseconds };
  }
}

// Sorts as it was made; crypto.randomUUID is not there on plain http.
let made = 0;
function newId() {
  made += 1;
  return `${String(Date.now()).padStart(15, "0")}-${String(made).padStart(7, "0")}-${Math.random().toString(36).slice(2)}`;
}
