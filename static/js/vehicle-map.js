// The map next to the list of vehicles. It follows the list's filters, and updates regularly.
import { createMarkers, isGroup } from "./vehicle-map/markers.js";
import { createRefresh } from "./vehicle-map/places.js";
import { createPopup } from "./vehicle-map/popup.js";
import { NEAR_ZOOM, createView } from "./vehicle-map/view.js";

const REFRESH_MS = 30000;
const SETTLED_MS = 200;
const { movrMaps } = window;

const followList = (markers, moved) => {
  const mark = (event, on) => {
    const id = event.target.closest?.(".vehicle-card")?.dataset.id;
    if (id) markers.raise(id, on);
  };
  for (const [name, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => mark(event, on));
  }
  document.addEventListener("htmx:pushedIntoHistory", moved);
};

const start = (frame, element) => {
  const count = frame.querySelector("[data-map-count]");
  const map = movrMaps.create(element, { scrollWheelZoom: false });
  const view = createView(map, element.dataset);
  const popup = createPopup(map, element, frame.querySelector("template"));

  const choose = (entry, byKey) => {
    // At the highest zoom, a group's vehicles are at the same spot, so refer to the list.
    if (!isGroup(entry.place) || map.getZoom() >= map.getMaxZoom()) return popup.show(entry, byKey);
    if (byKey) element.focus({ preventScroll: true });
    map.setView(entry.marker.getLatLng(), Math.min(map.getZoom() + 2, map.getMaxZoom()));
  };
  const markers = createMarkers(map, element, { choose, changed: popup.update, gone: popup.close });

  const refresh = createRefresh(map, element.dataset.url, {
    loaded: ({ places, sentence }) => {
      markers.show(places);
      if (count.textContent !== sentence) count.textContent = sentence;
      map.notices.hide("vehicles");
    },
    failed: () => map.notices.show("vehicles", element.dataset.noVehicles, () => refresh()),
  });
  const refreshIfSeen = () => {
    if (!document.hidden) refresh();
  };
  let settled = null;
  const soon = () => {
    clearTimeout(settled);
    settled = setTimeout(refresh, SETTLED_MS);
  };

  element.addEventListener("focus", () => map.scrollWheelZoom.enable());
  map.on("click", () => map.scrollWheelZoom.enable());
  view.start();
  const far = () => element.classList.toggle("is-far", map.getZoom() < NEAR_ZOOM);
  far();
  map.on("zoomend", far);
  map.on("moveend", () => {
    view.remember();
    soon();
  });
  followList(markers, () => {
    view.follow();
    soon();
  });
  document.addEventListener("visibilitychange", refreshIfSeen);
  setInterval(refreshIfSeen, REFRESH_MS);
  refresh();
};

const frame = document.querySelector("[data-vehicle-map]");
if (frame) {
  const element = frame.querySelector(".map");
  frame.classList.add("is-on");
  movrMaps.load(element).then(
    () => start(frame, element),
    () => {
      frame.querySelector("[data-map-count]").textContent = element.dataset.noMap;
    },
  );
}
