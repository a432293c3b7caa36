// What htmx leaves to the page: an answer that is no part of it, and where the focus goes.
(() => {
  "use strict";

  let focusInside = false;

  // A log-in page, new terms, an error: whatever isn't the part that was asked for is opened as a page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, pathInfo } = event.detail;
    focusInside = target.contains(document.activeElement);
    const part = xhr.status === 200 && xhr.responseText.includes(`id="${target.id}"`) && !xhr.responseText.includes("<html");
    if (part) return;
    event.detail.shouldSwap = false;
    event.detail.isError = false;
    window.location.assign(new URL(pathInfo.finalRequestPath, window.location.href));
  });

  // The link that was followed is gone with the old part: go on at the beginning of the new one.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!focusInside || !event.target.id) return;
    focusInside = false;
    const part = document.getElementById(event.target.id);
    part.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  });
})();
