// Complements htmx: opens unexpected responses as pages, moves the focus, and slows down polling.
(() => {
  "use strict";

  const IN_HIDDEN_TABS = 10; // one request in ten
  const MOST_SKIPPED = 30;

  let focusLost = ""; // the id of the part that had the focus and is being replaced
  let failures = 0;
  let skip = 0;

  const isPolled = (element) => "poll" in element.dataset;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPolled(event.target)) return;
    if (skip > 0) {
      skip -= 1;
      event.preventDefault();
    } else if (document.hidden) {
      skip = IN_HIDDEN_TABS - 1;
    }
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isPolled(event.detail.elt)) return;
    failures = event.detail.successful ? 0 : failures + 1;
    if (failures) skip = Math.min(MOST_SKIPPED, 2 ** failures);
  });

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
    if (isPolled(target) && (xhr.status === 429 || xhr.status >= 500)) return; // ask again later
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
