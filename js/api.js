// Talks to the JSON API. Failures are ApiError: their text is for the user.

import { t, translated } from "./i18n.js";
import { keyHeaders, readKey } from "./api_key.js";
import { RAW_TYPES } from "./photo.js";

const TIMEOUT_MS = 60000;
const MOST_TRIES = 6;
const MOST_WAIT_SECONDS = 30;

// Asked once with a low threshold: the page filters by itself.
export const LOWEST_THRESHOLD = 0.05;

export class ApiError extends Error {
  // words gives the text in the language of the moment.
  // unreachable: nothing answered; unauthorized: the API asks for a key; cancelled: by the visitor; tooLarge: for the
  // API's limits; final: asking again would change nothing.
  constructor(words, { unreachable, unauthorized, cancelled, tooLarge, final } = {}) {
    super(words());
    Object.assign(this, { words, unreachable, unauthorized, cancelled, tooLarge, final });
  }

  get text() {
    return this.words();
  }
}

// Resolves to { answer, milliseconds } for a photo (a Blob). A busy API is asked again when it says so; onWait(seconds)
// hears of it. An AbortSignal ends request and waiting. detail: "normal", or "fine" for parts of the photo too.
export async function detect(base, photo, { signal, onWait = () => {}, detail = "normal" } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    const { xhr, reason, answer } = await send(base, photo, detail, signal);
    if (answer) return { answer, milliseconds: performance.now() - started };
    if (signal?.aborted) throw new ApiError(() => t("cancelled"), { cancelled: true });
    if (xhr.status !== 503 || attempt === MOST_TRIES) throw failure(xhr, reason, base);
    const seconds = Math.min(MOST_WAIT_SECONDS, Number(xhr.getResponseHeader("Retry-After")) || 1);
    onWait(seconds);
    await pause(seconds * 1000, signal);
  }
}

function send(base, photo, detail, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ xhr: {}, reason: "abort" });
      return;
    }
    const xhr = $.ajax({
      ...request(base, photo, detail),
      headers: keyHeaders(base),
      dataType: "json",
      processData: false,
      timeout: TIMEOUT_MS,
    });
    const abort = () => xhr.abort();
    signal?.addEventListener("abort", abort);
    xhr
      .done((answer) => resolve({ xhr, answer }))
      .fail((_, reason) => resolve({ xhr, reason }))
      .always(() => signal?.removeEventListener("abort", abort));
  });
}

// Types that the API takes go as they are; others as a form, so that the API says what is wrong with the bytes.
function request(base, photo, detail) {
  if (RAW_TYPES.includes(photo.type)) {
    const url = `${base}/api/?threshold=${LOWEST_THRESHOLD}&detail=${detail}`;
    return { method: "POST", url, data: photo, contentType: photo.type };
  }
  const form = new FormData();
  form.append("image", photo, photo.name || "photo");
  form.append("threshold", LOWEST_THRESHOLD);
  form.append("detail", detail);
  return { method: "POST", url: `${base}/api/`, data: form, contentType: false };
}

function failure(xhr, reason, base) {
  if (xhr.status === 503) return new ApiError(() => t("overloaded"));
  if (xhr.status === 401) return new ApiError(() => t(readKey(base) ? "wrongKey" : "needsKey"), { unauthorized: true });
  const final = xhr.status >= 400 && xhr.status < 500;
  const { code, detail } = xhr.responseJSON ?? {};
  const tooLarge = xhr.status === 413;
  if (detail) return new ApiError(() => translated(`code_${code}`) ?? detail, { final, tooLarge });
  if (reason === "timeout") return new ApiError(() => t("timeout", { seconds: TIMEOUT_MS / 1000 }));
  if (xhr.status) return new ApiError(() => t("noReason", { status: xhr.status }));
  return new ApiError(() => t("unreachable", { base }), { unreachable: true });
}

export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// What the API says of itself, { concurrency, max_body_bytes, ... }; null if it does not answer.
export function readiness(base) {
  return new Promise((resolve) => {
    $.ajax({ url: `${base}/readyz`, timeout: 5000 })
      .done((facts) => resolve(facts ?? {}))
      .fail(() => resolve(null));
  });
}

// The request for a photo as a command for the shell.
export function asCurl(base, name, type, threshold, detail = "normal") {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const kind = RAW_TYPES.includes(type) ? type : "image/jpeg";
  const url = `${base}/api/?threshold=${threshold}&detail=${detail}`;
  const key = readKey(base) ? " -H 'X-API-Key: YOUR-KEY'" : "";
  return `curl -s -H 'Content-Type: ${kind}'${key} --data-binary ${quoted(`@${name}`)} ${quoted(url)}`;
}
