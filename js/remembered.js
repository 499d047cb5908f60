// What the visitor has chosen, remembered on this device; where storage is switched off, as long as the page is open.

const chosen = {};

export function remember(key, value) {
  chosen[key] = value;
  try {
    localStorage.setItem(key, value);
  } catch {
    // it holds for this visit
  }
}

export function recall(key, usual) {
  try {
    return localStorage.getItem(key) ?? usual;
  } catch {
    return chosen[key] ?? usual;
  }
}
