// The API's key, where it asks for one; kept for this tab only.

const NAME = "api-key";

export function readKey() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return given; // storage can be switched off
  }
}

let given = "";

export function rememberKey(key) {
  given = key;
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // it still works until the page is left
  }
}

// The headers that a request to the API carries.
export function keyHeaders() {
  const key = readKey();
  return key ? { "X-API-Key": key } : {};
}
