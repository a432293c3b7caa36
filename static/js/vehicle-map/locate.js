// The person's position: sorts the list by it and follows it on the map. Asked for by a button, or, if the browser has
// been allowed to give it before, when the page opens.
import { place } from "./list.js";

const OPTIONS = { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 };
let here = null; // the latest position, as [latitude, longitude]

export const ownPosition = () => here;

const set = (form, name, value) => {
  let input = form.elements.namedItem(name);
  if (!input) {
    input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    form.prepend(input);
  }
  input.value = value;
};

// Calls moved(point) for each new position, and located() once the list is sorted by it.
export const startLocating = ({ moved, located }) => {
  const buttons = document.querySelectorAll("[data-locate]");
  if (!buttons.length || !navigator.geolocation) return;
  const form = document.getElementById(buttons[0].dataset.locate);
  const status = document.querySelector("[data-locate-status]");
  let watching = false;
  let waiting = false;

  const note = ({ coords }) => {
    here = [coords.latitude, coords.longitude];
    moved(here);
  };

  const watch = () => {
    if (watching) return;
    watching = true;
    navigator.geolocation.watchPosition(note, () => {}, OPTIONS);
  };

  const sort = (replaces) => {
    if (waiting) return;
    set(form, "lat", here[0].toFixed(5));
    set(form, "lon", here[1].toFixed(5));
    form.elements.namedItem("place")?.remove();
    // Going back shouldn't lead to the page that asks again.
    if (replaces) {
      form.removeAttribute("hx-push-url");
      form.setAttribute("hx-replace-url", "true");
    }
    waiting = true;
    form.requestSubmit();
  };

  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (!waiting || target.id !== "results") return;
    waiting = false;
    form.setAttribute("hx-push-url", "true");
    form.removeAttribute("hx-replace-url");
    located();
  });

  const disable = (on) => {
    for (const button of buttons) button.disabled = on;
  };

  const locate = (asked) => {
    disable(asked);
    status.textContent = "";
    navigator.geolocation.getCurrentPosition(
      (position) => {
        disable(false);
        note(position);
        watch();
        if (asked || !place()) sort(!asked);
      },
      () => {
        disable(false);
        if (asked) status.textContent = status.dataset.locateStatus;
      },
      OPTIONS,
    );
  };

  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => locate(true));
  }
  navigator.permissions?.query({ name: "geolocation" }).then(
    ({ state }) => {
      if (state === "granted") locate(false);
    },
    () => {}, // the browser doesn't tell
  );
};
