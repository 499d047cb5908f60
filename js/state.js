// What the page shows at the moment: the only place that keeps it. The photos themselves are in the queue.

export const state = {
  selected: null, // an item of the queue
  photo: null, // the selected item's, loaded
  threshold: null, // the model's own until it is moved
  hiddenLabels: new Set(), // that the visitor has switched off
  notice: null, // gives the words of why the selected photo cannot be shown
  server: {}, // what the API says of itself
  liveWords: null, // gives the words of what is wrong with the film at the moment
  reconnecting: false, // whether the page looks for the API
};
