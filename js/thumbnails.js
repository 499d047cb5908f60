// Thumbnails, made once somebody can see their place, one after the other.

import { scaleDown } from "./scaling.js";

const LIMITS = { longest: 0, shortest: 160, quality: 0.8 }; // px of the shorter side

const wanted = new Map(); // by element: what to do once it is seen
let last = Promise.resolve();

const observer = new IntersectionObserver(
  (entries) =>
    entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => {
      observer.unobserve(target);
      const make = wanted.get(target);
      wanted.delete(target);
      last = last.then(make);
    }),
  { rootMargin: "200px" },
);

// Calls show(url) with an item's thumbnail once the element can be seen; of a photo that cannot be shown there is none.
export function whenSeen(element, item, show) {
  wanted.set(element, async () => {
    const small = await scaleDown(item.blob, LIMITS).catch(() => null);
    if (!small || !element.isConnected) return;
    item.thumbnail = URL.createObjectURL(small.jpeg);
    show(item.thumbnail);
  });
  observer.observe(element);
}

export function dropThumbnail(item) {
  if (item.thumbnail) URL.revokeObjectURL(item.thumbnail);
  item.thumbnail = null;
}
