// The button that opens the browser's print dialog; its menu does without this.
(() => {
  "use strict";

  const button = document.querySelector("[data-print]");
  if (!button || !window.print) return;
  button.hidden = false;
  button.addEventListener("click", () => window.print());
})();
