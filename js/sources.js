// Where photos come from: the button, drag and drop, the samples. Each calls onPhoto(blob, name).

export function listenForPhotos(onPhoto, onError) {
  const input = $("#file");
  $("#choose, #another").on("click", () => input.trigger("click"));
  input.on("change", () => {
    const [file] = input[0].files;
    input.val(""); // the same file can be chosen again
    if (file) onPhoto(file, file.name);
  });
  listenForDrops(onPhoto, onError);
  $("#samples").on("click", "button", async (event) => {
    const url = $(event.currentTarget).data("sample");
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(response.statusText);
      onPhoto(await response.blob(), url.split("/").pop());
    } catch {
      onError(`The sample ${url} cannot be loaded from the page's server.`);
    }
  });
}

function listenForDrops(onPhoto, onError) {
  let depth = 0; // dragenter and dragleave also fire for every child
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    $("body").toggleClass("dragging", depth > 0);
  };
  $(document)
    .on("dragenter", () => mark(1))
    .on("dragleave", () => mark(-1))
    .on("dragover", (event) => event.preventDefault())
    .on("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      const [file] = event.originalEvent.dataTransfer.files;
      if (file) onPhoto(file, file.name);
      else onError("That was no file; drop a photo from your computer.");
    });
}
