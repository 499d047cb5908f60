// The photos of this visit, asked about two at a time; one that fails does not stop the rest.

import { ApiError, detect } from "./api.js";
import { t } from "./i18n.js";
import { loadPhoto, rescale, scaledJpeg, shrink } from "./photo.js";

const AT_ONCE = 2;
const THUMBNAIL = 160; // px
const THUMBNAIL_QUALITY = 0.8;

export class Queue {
  constructor(base) {
    this.base = base;
    this.onChange = () => {}; // hears of every change: of an item, or with null of all
    this.items = [];
    this.running = 0;
    this.detail = "fine"; // of the photos that are asked about from now on
    this.abort = new AbortController();
  }

  add(photos) {
    const items = photos.map(({ blob, name }) => ({ blob, name, state: "waiting", answer: null, error: null }));
    this.items.push(...items);
    items.forEach((item) => this.onChange(item));
    this.next();
    return items;
  }

  retry(items) {
    items.forEach((item) => this.set(item, { state: "waiting", error: null }));
    this.next();
  }

  cancel() {
    this.abort.abort();
    this.abort = new AbortController();
    const waiting = this.items.filter((item) => item.state === "waiting");
    waiting.forEach((item) => this.set(item, { state: "cancelled", error: new ApiError(() => t("cancelled"), { cancelled: true }) }));
  }

  clear() {
    this.cancel();
    this.items.forEach((item) => item.thumbnail && URL.revokeObjectURL(item.thumbnail));
    this.items = [];
    this.onChange(null);
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
    while (this.running < AT_ONCE) {
      const item = this.items.find(({ state }) => state === "waiting");
      if (!item) return;
      this.running += 1;
      this.work(item).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  async work(item) {
    this.set(item, { state: "working", error: null });
    const { signal } = this.abort;
    const photo = await loadPhoto(item.blob).catch(() => null);
    try {
      if (photo && !item.thumbnail) this.set(item, { thumbnail: await thumbnail(photo) });
      const sent = photo ? await shrink(item.blob, photo) : item.blob;
      const onWait = (seconds) => this.set(item, { waits: seconds });
      const { answer, milliseconds } = await detect(this.base, sent, { signal, onWait, detail: this.detail });
      if (!photo) throw new ApiError(() => t("unshowable"), { final: true });
      const whole = rescale(answer, photo.naturalWidth, photo.naturalHeight);
      this.set(item, { state: "done", answer: whole, milliseconds, waits: 0 });
    } catch (error) {
      if (!(error instanceof ApiError)) console.error(error);
      const known = error instanceof ApiError ? error : new ApiError(() => t("unshowable"), { final: true });
      this.set(item, { state: known.cancelled ? "cancelled" : "failed", error: known, waits: 0 });
    }
  }
}

async function thumbnail(photo) {
  const { naturalWidth, naturalHeight } = photo;
  const scale = THUMBNAIL / Math.min(naturalWidth, naturalHeight);
  return URL.createObjectURL(await scaledJpeg(photo, naturalWidth, naturalHeight, scale, THUMBNAIL_QUALITY));
}
