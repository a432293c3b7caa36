// Keeps the pages for when there is no connection, says when it is gone, and lets no form get lost then.
(() => {
  "use strict";

  if ("serviceWorker" in navigator) {
    window.addEventListener("load", () => {
      navigator.serviceWorker.register("/service-worker.js").catch(() => {}); // the site does without
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

  // A browser that takes itself to be offline may be wrong: one small question tells.
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
