// The API out of reach, or behind a key: the page says so, and asks again about what failed for it.

import { pause, readiness } from "./api.js";
import { t } from "./i18n.js";
import { rememberKey } from "./api_key.js";
import { agreed, base, queue } from "./parts.js";
import { state } from "./state.js";

const RECONNECT_MS = 3000;
const MOST_AT_ONCE = 6; // connections that a browser opens to one server
const MOST_RECONNECTS = 3; // a photo is asked about again by itself

// Looks for the API until it answers.
export async function reconnect() {
  nameOutage();
  $("#outage").prop("hidden", false);
  if (state.reconnecting) return;
  state.reconnecting = true;
  do await pause(RECONNECT_MS);
  while (!(await isReachable()));
  state.reconnecting = false;
  recovered();
}

export async function reconnectNow() {
  if (await isReachable()) recovered();
}

export async function reconnectIfAway() {
  await agreed;
  if (!(await isReachable())) reconnect();
}

// Whether the API answers; what it says of itself is remembered.
async function isReachable() {
  const facts = await readiness(base);
  if (!facts) return false;
  state.server = facts;
  if (facts.concurrency) queue.atOnce = Math.min(MOST_AT_ONCE, facts.concurrency);
  return true;
}

export const nameOutage = () => $("#outage-text").text(t("unreachable", { base }));

function recovered() {
  $("#outage").prop("hidden", true);
  const items = queue.items.filter(
    (item) => item.state === "failed" && item.error.unreachable && (item.reconnects ?? 0) < MOST_RECONNECTS,
  );
  items.forEach((item) => (item.reconnects = (item.reconnects ?? 0) + 1));
  queue.retry(items);
}

// Asks the visitor for the key.
export function askForKey(error) {
  $("#key-text").text(error.text);
  if (!$("#key").prop("hidden")) return;
  $("#key").prop("hidden", false);
  $("#key-input").trigger("focus");
}

// Takes the key, and asks again about what failed without.
export function useKey(event) {
  event.preventDefault();
  rememberKey(base, $("#key-input").val().trim());
  $("#key").prop("hidden", true);
  queue.retry(queue.items.filter(({ state: itemState, error }) => itemState === "failed" && error.unauthorized));
}
