// The API out of reach, or behind a key: the page says so, and asks again about what failed for it.

import { isReachable, pause } from "./api.js";
import { t } from "./i18n.js";
import { rememberKey } from "./api_key.js";
import { base, queue } from "./parts.js";
import { state } from "./state.js";

const RECONNECT_MS = 3000;
const MOST_RECONNECTS = 3; // a photo is asked about again by itself

// Looks for the API until it answers.
export async function reconnect() {
  nameOutage();
  $("#outage").prop("hidden", false);
  if (state.reconnecting) return;
  state.reconnecting = true;
  do await pause(RECONNECT_MS);
  while (!(await isReachable(base)));
  state.reconnecting = false;
  recovered();
}

export async function reconnectNow() {
  if (await isReachable(base)) recovered();
}

export async function reconnectIfAway() {
  if (!(await isReachable(base))) reconnect();
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
  rememberKey($("#key-input").val().trim());
  $("#key").prop("hidden", true);
  queue.retry(queue.items.filter(({ state: itemState, error }) => itemState === "failed" && error.unauthorized));
}
