// On the pages for when there is no connection, which stand at the address of the page that was asked for.
(() => {
  "use strict";

  const again = document.querySelector("[data-again]");
  if (again) again.addEventListener("click", () => window.location.reload());

  const back = document.querySelector("[data-back]");
  if (back) back.addEventListener("click", () => window.history.back());

  // A page is asked for again by itself, a form only when its sender says so. The browser does not always notice
  // that it is back, and knows nothing of a server that is.
  if (document.querySelector("[data-by-itself]")) {
    const PAUSE_MS = 4000;
    const look = async () => {
      if (document.hidden || window.location.pathname.startsWith("/offline/")) return;
      const answer = await fetch("/health/", { cache: "no-store" }).catch(() => null);
      if (answer?.ok) window.location.reload();
    };
    window.addEventListener("online", () => window.location.reload());
    window.setInterval(look, PAUSE_MS);
  }
})();
