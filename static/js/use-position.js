// "Use my location": fills in the latitude and longitude of the button's form.
(() => {
  "use strict";

  if (!navigator.geolocation) return;

  for (const button of document.querySelectorAll("[data-use-position]")) {
    const form = button.form;
    const latitude = form?.querySelector("input[name$=latitude]");
    const longitude = form?.querySelector("input[name$=longitude]");
    if (!latitude || !longitude) continue;

    const status = button.parentElement.querySelector("[role=status]");
    button.hidden = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      status.textContent = "";
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          latitude.value = coords.latitude.toFixed(6);
          longitude.value = coords.longitude.toFixed(6);
          button.disabled = false;
          status.textContent = button.dataset.done;
          form.dispatchEvent(new Event("movr:position"));
        },
        () => {
          button.disabled = false;
          status.textContent = button.dataset.failed;
        },
        { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 },
      );
    });
  }
})();
