// On the pages for when there is no connection, which stand at the address of the page that was asked for.
(() => {
  "use strict";

  const again = document.querySelector("[data-again]");
  if (again) again.addEventListener("click", () => window.location.reload());

  const back = document.querySelector("[data-back]");
  if (back) back.addEventListener("click", () => window.history.back());

  // A page is asked for again by itself, a form only when its sender says so.
  if (document.querySelector("[data-by-itself]")) {
    window.addEventListener("online", () => window.location.reload());
  }
})();
