// The status line, which screen readers read out: changes only, and those of moving pictures at most every two seconds.

const CALM_MS = 2000;

let last = -CALM_MS; // when something was said
let timer = null;

export function say(words, tone, { calm = false } = {}) {
  clearTimeout(timer);
  const wait = calm ? last + CALM_MS - performance.now() : 0;
  if (wait > 0) timer = setTimeout(() => write(words, tone), wait);
  else write(words, tone);
}

function write(words, tone) {
  const status = $("#status");
  if (status.attr("data-tone") !== tone) status.attr("data-tone", tone);
  if (status.text() === words) return;
  status.text(words);
  last = performance.now();
}
