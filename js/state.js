// What the page shows at the moment: the only place that keeps it. The photos themselves are in the queue.

export const state = {
  selected: null, // an item of the queue
  photo: null, // the selected item's, loaded
  threshold: null, // the model's own until it is moved
  hiddenLabels: new Set(), // that the visitor has switched off
  notice: null, // gives the words of a problem that belongs to no photo
  liveWords: null, // gives the words of what is wrong with the film at the moment
  reconnecting: false, // whether the page looks for the API
};
