// Ending a ride: opening the form takes the position and shows where that is, its button confirms.
// Without this script, the form asks for a description.
(() => {
  "use strict";

  const begin = (details) => {
    const form = details.querySelector("form");
    const warning = form.querySelector("[data-end-warning]");
    const locate = form.querySelector("[data-use-position]");
    const opener = form.querySelector("[data-pick-open]");
    const words = form.querySelector("input[name=end_location]");
    const latitude = form.querySelector("input[name=latitude]");
    const longitude = form.querySelector("input[name=longitude]");
    let filled = "";
    let asked = 0;

    const isLocated = () => Boolean(latitude.value && longitude.value);
    const isDescribed = () => words.value !== "" && words.value !== filled;

    // Fills in what is known of the place, unless the rider has described it.
    const describe = async () => {
      asked += 1;
      const number = asked;
      if (!isLocated() || isDescribed()) return;
      try {
        const query = new URLSearchParams({ lat: latitude.value, lon: longitude.value });
        const answer = await fetch(`${details.dataset.end}?${query}`);
        const known = answer.ok ? await answer.json() : { words: "" };
        if (number !== asked || isDescribed()) return;
        filled = known.words;
        words.value = filled;
      } catch {
        // Offline: the rider can describe the place.
      }
    };

    const show = () => {
      warning.hidden = isLocated();
      form.classList.toggle("is-located", isLocated());
    };

    const move = () => {
      show();
      describe();
    };

    details.addEventListener("toggle", () => {
      if (details.open && !isLocated()) locate.click();
    });
    form.addEventListener("movr:position", () => {
      move();
      if (opener.getAttribute("aria-expanded") === "false") opener.click();
    });
    form.addEventListener("movr:picked", move);
    show();
  };

  for (const details of document.querySelectorAll("[data-end]")) begin(details);
})();
