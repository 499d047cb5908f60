// The photos of a visit on this device (IndexedDB), so that a reload loses none. Where the browser gives no storage, the page
// works without.

const NAME = "face-mask-detector";
const PHOTOS = "photos"; // { id, blob, name, path, given: labels that came along }
const ANSWERS = "answers"; // { id, state, answer, milliseconds, labels and checked: by the visitor }: small, and written more often

const WAIT_MS = 1500; // for the lock of the page that is being reloaded

let opened = null;

// Of several tabs the first keeps its photos here; the others work without, so that none erases what is another's.
const owned = new Promise((resolve) => {
  if (!navigator.locks) return resolve(true); // on plain http
  const held = () => {
    resolve(true);
    return new Promise(() => {}); // until the tab is closed
  };
  return navigator.locks.request(NAME, { signal: AbortSignal.timeout(WAIT_MS) }, held).catch(() => resolve(false));
});

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(PHOTOS, { keyPath: "id" });
      request.result.createObjectStore(ANSWERS, { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// Runs work(store...) in one transaction; resolves to what it returned, a request's result included.
async function within(names, mode, work) {
  try {
    if (!(await owned)) return null;
    const transaction = (await open()).transaction(names, mode);
    const result = work(...names.map((name) => transaction.objectStore(name)));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    return result?.map((request) => request.result);
  } catch {
    return null; // no storage, or no room in it
  }
}

export const keepPhotos = (items) =>
  within([PHOTOS], "readwrite", (photos) => items.forEach(({ id, blob, name, path, given }) => photos.put({ id, blob, name, path, given })) ?? []);

export const keepAnswer = ({ id, state, answer, milliseconds, labels, checked }) =>
  within([ANSWERS], "readwrite", (answers) => [answers.put({ id, state, answer, milliseconds, labels, checked })]);

export const forget = (ids) =>
  within([PHOTOS, ANSWERS], "readwrite", (...stores) => stores.flatMap((store) => ids.map((id) => store.delete(id))));

// The photos of the visit before, in their order, with what is known of them.
export async function kept() {
  const found = await within([PHOTOS, ANSWERS], "readonly", (photos, answers) => [photos.getAll(), answers.getAll()]);
  if (!found) return [];
  const [photos, answers] = found;
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return photos.map((photo) => ({ ...photo, ...byId.get(photo.id) }));
}
