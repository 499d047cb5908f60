// The API's key, where it asks for one; kept for this tab only.

const NAME = "api-key";

let given = "";

export function readKey() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return given; // storage can be switched off
  }
}

export function rememberKey(key) {
  given = key;
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // it still works until the page is left
  }
}

// The headers that a request to the API carries; a header takes bytes only, so the key goes as UTF-8.
export function keyHeaders() {
  const bytes = new TextEncoder().encode(readKey());
  return bytes.length ? { "X-API-Key": String.fromCharCode(...bytes) } : {};
}
