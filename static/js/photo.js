// Makes a photo smaller before it is sent, for slow connections. The server does the same with what it gets.
(() => {
  "use strict";

  const MAX_SIDE = 1600; // pixels, as in photos/pictures.py
  const QUALITY = 0.8;

  if (!window.createImageBitmap || !window.DataTransfer) return;

  const shrink = async (file) => {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  };

  for (const input of document.querySelectorAll("input[data-photo]")) {
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (!file) return;
      const small = await shrink(file).catch(() => file); // a file that is no picture: the server says so
      if (small === file || input.files[0] !== file) return;
      const files = new DataTransfer();
      files.items.add(small);
      input.files = files.files;
    });
  }
})();
