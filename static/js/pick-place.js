// Lets people choose where a vehicle is parked on a small map. A description is optional.
(() => {
  "use strict";

  const { movrMaps } = window;
  const NEAR_ZOOM = 16;

  const begin = (box) => {
    const form = box.closest("form");
    const latitude = form.querySelector("input[name$=latitude]");
    const longitude = form.querySelector("input[name$=longitude]");
    if (!latitude || !longitude) return;

    const element = box.querySelector(".map");
    const panel = box.querySelector("[data-pick-panel]");
    const opener = box.querySelector("[data-pick-open]");
    const middle = box.querySelector("[data-pick-middle]");
    const forget = box.querySelector("[data-pick-forget]");
    const status = box.querySelector("[role=status]");
    let map = null;
    let marker = null;

    const chosen = () => movrMaps.point(latitude.value && longitude.value ? `${latitude.value},${longitude.value}` : "");

    const draw = (move) => {
      const at = chosen();
      forget.hidden = !at;
      if (!map) return;
      if (!at) {
        marker?.remove();
        marker = null;
        return;
      }
      if (!marker) {
        const icon = movrMaps.icon("pick", [movrMaps.hiddenText(box.dataset.here)], [40, 46], [20, 46]);
        marker = L.marker(at, { icon, draggable: true, keyboard: false, autoPan: true }).addTo(map);
        marker.on("dragend", () => pick(marker.getLatLng()));
      }
      marker.setLatLng(at);
      if (move) map.setView(at, Math.max(map.getZoom(), NEAR_ZOOM), { animate: !movrMaps.calm });
    };

    const pick = ({ lat, lng }) => {
      latitude.value = lat.toFixed(6);
      longitude.value = lng.toFixed(6);
      draw(false);
      status.textContent = box.dataset.done;
      form.dispatchEvent(new Event("movr:picked"));
    };

    const start = () => {
      map = movrMaps.create(element);
      const at = chosen() ?? movrMaps.point(box.dataset.start);
      map.setView(at ?? movrMaps.point(box.dataset.center), at ? NEAR_ZOOM : 13);
      map.on("click", ({ latlng }) => pick(latlng));
      draw(false);
    };

    box.hidden = false;
    draw(false);
    opener.addEventListener("click", () => {
      const open = panel.hidden;
      panel.hidden = !open;
      opener.setAttribute("aria-expanded", String(open));
      if (!open || map) return;
      movrMaps.load(element).then(start, () => {
        status.textContent = element.dataset.noMap;
      });
    });
    middle.addEventListener("click", () => {
      if (map) pick(map.getCenter());
    });
    forget.addEventListener("click", () => {
      latitude.value = "";
      longitude.value = "";
      draw(false);
      status.textContent = "";
      form.dispatchEvent(new Event("movr:picked"));
      opener.focus();
    });
    for (const input of [latitude, longitude]) {
      input.addEventListener("change", () => draw(true));
      // On "input": at the time of "change", a finger may be about to press a button, which must not move.
      input.addEventListener("input", () => {
        forget.hidden = !chosen();
      });
    }
    form.addEventListener("movr:position", () => draw(true));
  };

  for (const box of document.querySelectorAll("[data-pick-place]")) begin(box);
})();
