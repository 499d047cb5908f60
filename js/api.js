// Talks to the JSON API. Failures are ApiError: their text is for the user.

const DEFAULT_PORT = 5000;
const RAW_TYPES = ["image/jpeg", "image/png", "image/webp", "image/bmp"];
const TIMEOUT_MS = 60000;

// Asked once with a low threshold: the page filters by itself.
export const LOWEST_THRESHOLD = 0.05;

export class ApiError extends Error {}

// The API's address: ?api=URL, or the page's own host on port 5000.
export function apiBase(location) {
  const given = new URLSearchParams(location.search).get("api");
  if (given && /^https?:\/\//i.test(given)) return given.replace(/\/+$/, "");
  return `${location.protocol}//${location.hostname}:${DEFAULT_PORT}`;
}

// Resolves to the API's answer for a photo (a Blob).
export function detect(base, photo) {
  return new Promise((resolve, reject) => {
    $.ajax({ ...request(base, photo), dataType: "json", processData: false, timeout: TIMEOUT_MS })
      .done(resolve)
      .fail((xhr, reason) => reject(new ApiError(failureText(xhr, reason, base))));
  });
}

// Types that the API takes go as they are; others as a form, so that the API says what is wrong with the bytes.
function request(base, photo) {
  if (RAW_TYPES.includes(photo.type)) {
    return { method: "POST", url: `${base}/api/?threshold=${LOWEST_THRESHOLD}`, data: photo, contentType: photo.type };
  }
  const form = new FormData();
  form.append("image", photo, photo.name || "photo");
  form.append("threshold", LOWEST_THRESHOLD);
  return { method: "POST", url: `${base}/api/`, data: form, contentType: false };
}

function failureText(xhr, reason, base) {
  if (xhr.responseJSON && xhr.responseJSON.detail) return xhr.responseJSON.detail;
  if (reason === "timeout") return `The detector did not answer within ${TIMEOUT_MS / 1000} seconds.`;
  if (xhr.status) return `The detector answered ${xhr.status} without saying why.`;
  return `The detector at ${base} cannot be reached. Is it running, and does it know this page's address (CORS_ORIGINS)?`;
}
