// The page's long-lived parts, one of each; main.js tells them whom to call.

import { agreement, apiBase, apiPort } from "./address.js";
import { t } from "./i18n.js";
import { Live } from "./live_detection.js";
import { notify } from "./notices.js";
import { Queue } from "./queue.js";
import { View } from "./view.js";

export const base = apiBase(window.location, apiPort(), (given) =>
  notify(() => t("badApi", { given: given.slice(0, 100) }), { tone: "bad" }),
);
export const agreed = agreement(base, window.location);
export const queue = new Queue(base, agreed);
export const view = new View($("#canvas")[0]);
export const live = new Live(base);
