// The API's key, where it asks for one; kept for this tab only, and sent to the API that it was given for.

import { originOf } from "./address.js";

const nameOf = (base) => `api-key ${originOf(base)}`;

const given = {};

export function readKey(base) {
  try {
    return sessionStorage.getItem(nameOf(base)) ?? "";
  } catch {
    return given[nameOf(base)] ?? ""; // storage can be switched off
  }
}

export function rememberKey(base, key) {
  given[nameOf(base)] = key;
  try {
    sessionStorage.setItem(nameOf(base), key);
  } catch {
    // it still works until the page is left
  }
}

// The headers that a request to the API carries; a header takes bytes only, so the key goes as UTF-8.
export function keyHeaders(base) {
  const bytes = new TextEncoder().encode(readKey(base));
  return bytes.length ? { "X-API-Key": String.fromCharCode(...bytes) } : {};
}
