// "Near me": puts the browser's position into the filter form and submits it, keeping the other filters.
(() => {
  "use strict";

  const button = document.querySelector("[data-near-me]");
  if (!button || !navigator.geolocation) return;

  const form = document.getElementById(button.dataset.nearMe);
  const status = document.querySelector("[data-near-me-status]");
  let asked = false;

  const set = (name, value) => {
    let input = form.elements.namedItem(name);
    if (!input) {
      input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      form.prepend(input);
    }
    input.value = value.toFixed(5);
  };

  // On a phone, the results are below the edge of the screen.
  const show = (element) => element?.scrollIntoView({ block: "nearest" });

  document.addEventListener("htmx:afterSettle", () => {
    if (!asked) return;
    asked = false;
    show(document.querySelector(".city-elsewhere") ?? document.querySelector(".nobody-near"));
  });

  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    status.textContent = "";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        set("lat", coords.latitude);
        set("lon", coords.longitude);
        asked = true;
        form.requestSubmit();
        button.disabled = false; // htmx leaves the page as it is
      },
      () => {
        button.disabled = false;
        status.textContent = button.dataset.failed;
        show(status);
      },
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 },
    );
  });
})();
