// Moves the focus to the first field with an error, or else to the error of the whole form.
(() => {
  "use strict";

  const wrong = document.querySelector("main :is(.is-invalid, [aria-invalid=true]):is(input, select, textarea):not([type=hidden])");
  const sentence = document.querySelector("main form .alert-danger");
  if (sentence && !wrong) sentence.tabIndex = -1;
  (wrong ?? sentence)?.focus();
})();
