// Registers the service worker, shows when the connection is lost, and keeps forms from being lost then.
(() => {
  "use strict";

  if ("serviceWorker" in navigator) {
    window.addEventListener("load", () => {
      navigator.serviceWorker.register("/service-worker.js").catch(() => {}); // the site works without it
    });
  }

  const notice = document.querySelector("[data-connection]");
  if (!notice) return;
  const say = (name) => {
    for (const sentence of notice.children) sentence.hidden = sentence.dataset.say !== name;
  };
  window.addEventListener("offline", () => say("gone"));
  window.addEventListener("online", () => say(""));
  document.addEventListener("htmx:sendError", () => say("gone"));
  document.addEventListener("htmx:afterSwap", () => say(""));

  // The browser may be wrong about being offline, so check with a small request.
  const reachable = () =>
    fetch("/manifest.webmanifest", { method: "HEAD", cache: "no-store" }).then(
      () => true,
      () => false,
    );

  let asked = null;
  document.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      const method = submitter?.getAttribute("formmethod") || form.method;
      if (navigator.onLine || method !== "post" || asked === form) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      reachable().then((yes) => {
        if (!yes) return say("not-sent");
        asked = form;
        form.requestSubmit(submitter);
        asked = null;
      });
    },
    true,
  );
})();
