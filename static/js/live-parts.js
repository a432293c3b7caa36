// Complements htmx: opens unexpected responses as pages, and moves the focus.
(() => {
  "use strict";

  let focusLost = ""; // the id of the part that had the focus and is being replaced

  // Leave empty fields out of the URL.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    for (const [name, value] of Object.entries(detail.parameters)) if (value === "") delete detail.parameters[name];
  });

  // Open responses that aren't the requested part as a page: log-in, new terms, errors.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, pathInfo } = event.detail;
    focusLost = target.contains(document.activeElement) ? target.id : "";
    const part = xhr.status === 200 && xhr.responseText.includes(`id="${target.id}"`) && !xhr.responseText.includes("<html");
    if (part) return;
    event.detail.shouldSwap = false;
    event.detail.isError = false;
    window.location.assign(new URL(pathInfo.finalRequestPath, window.location.href));
  });

  // The link with the focus was replaced, so move the focus to the start of the new part.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!focusLost || event.target.id !== focusLost) return;
    focusLost = "";
    const part = document.getElementById(event.target.id);
    part.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  });
})();
