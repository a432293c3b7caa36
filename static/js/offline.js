// For the offline pages, which are shown at the URL of the requested page.
(() => {
  "use strict";

  const again = document.querySelector("[data-again]");
  if (again) again.addEventListener("click", () => window.location.reload());

  const back = document.querySelector("[data-back]");
  if (back) back.addEventListener("click", () => window.history.back());

  // Reload pages automatically, but submit forms only on request. Browsers don't always notice that they are back
  // online, and don't know whether the server is.
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
