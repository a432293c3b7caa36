// The vehicles on a map, next to the list. The map follows the list's filters and updates regularly.
import { cardOf, listNear, nearestCard } from "./vehicle-map/list.js";
import { ownPosition, startLocating } from "./vehicle-map/locate.js";
import { createMarkers, isGroup } from "./vehicle-map/markers.js";
import { createRefresh } from "./vehicle-map/places.js";
import { createSheet } from "./vehicle-map/sheet.js";
import { createView } from "./vehicle-map/view.js";

const REFRESH_MS = 30000;
const SETTLED_MS = 200;
const AROUND = 24; // pixels kept free around the chosen vehicle
const MARKER = 46; // pixels of its marker, above the point
const { movrMaps } = window;
const main = document.getElementById("main");

const isMapAlone = () => window.matchMedia("(max-width: 61.98rem)").matches && main.classList.contains("find-map");

// On a phone, the page shows the map or the list. Without this, the links load the page anew.
const switchViews = (changed) => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".view-switch");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const { view } = link.dataset;
    const asked = new URLSearchParams(window.location.search);
    asked.set("view", view);
    window.history.replaceState(window.history.state, "", `?${asked}`);
    document.querySelector("#vehicle-filter [name=view]").value = view;
    main.classList.toggle("find-map", view === "map");
    main.classList.toggle("find-list", view === "list");
    window.scrollTo(0, 0);
    changed(view);
  });
};

const followCards = (markers) => {
  const mark = (event, on) => {
    const id = event.target.closest?.(".vehicle-card")?.dataset.id;
    if (id) markers.mark(id, on);
  };
  for (const [name, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => mark(event, on));
  }
};

const start = (frame, element) => {
  const count = frame.querySelector("[data-map-count]");
  const map = movrMaps.create(element, { scrollWheelZoom: isMapAlone(), zoomPosition: "topright" });
  const view = createView(map, element.dataset);
  const animate = !movrMaps.calm;

  // The part of the map that nothing covers. The zoom buttons are below the chips, whatever is above these.
  const bar = document.querySelector(".find-bar");
  const coveredAbove = () => (isMapAlone() ? bar.getBoundingClientRect().bottom - element.getBoundingClientRect().top : 0);
  new ResizeObserver(() => frame.style.setProperty("--covered-above", `${coveredAbove()}px`)).observe(bar);
  const padding = () => {
    const { offsetWidth, offsetHeight } = frame.querySelector(isMapAlone() ? ".map-bottom" : ".sheet");
    const [left, below] = isMapAlone() ? [0, offsetHeight] : [offsetWidth, 0];
    return {
      paddingTopLeft: [left + AROUND, Math.max(0, coveredAbove()) + MARKER + AROUND],
      paddingBottomRight: [AROUND, below + AROUND],
    };
  };

  const choose = (place) => {
    if (!isGroup(place)) return sheet.show(place.id);
    const bounds = L.latLngBounds(place.bounds ?? [[place.lat, place.lon]]);
    // Vehicles at the same spot overlap at any zoom, so refer to the list.
    if (map.getZoom() >= map.getMaxZoom()) return window.location.assign(listNear(place, element.dataset.spot));
    element.focus({ preventScroll: true });
    const nearer = place.bounds ? map.getBoundsZoom(bounds, false, [120, 120]) : map.getZoom() + 3;
    const zoom = Math.min(Math.max(nearer, map.getZoom() + 1), map.getMaxZoom());
    map.setView(bounds.getCenter(), zoom, { animate });
  };
  const markers = createMarkers(map, element, choose);
  const sheet = createSheet(frame.querySelector(".sheet"), element.dataset.sheet, {
    shown: (id, point) => {
      markers.choose(id);
      if (!isMapAlone()) cardOf(id)?.scrollIntoView({ block: "nearest", behavior: animate ? "smooth" : "auto" });
      if (!point) return;
      const here = ownPosition();
      const both = here && !map.getBounds().contains(point) ? [point, here] : [point];
      if (both.length > 1) map.fitBounds(both, { ...padding(), maxZoom: map.getZoom(), animate });
      else map.panInside(point, { ...padding(), animate });
    },
    closed: (id, hadFocus) => {
      markers.choose(null);
      if (hadFocus) (markers.element(id) ?? element).focus({ preventScroll: true });
    },
  });

  let filtersChanged = false;
  const refresh = createRefresh(map, element.dataset.url, {
    loaded: ({ places, sentence }) => {
      markers.show(places);
      const isMissing = sheet.id() && places.every(({ id }) => id) && !markers.has(sheet.id());
      if (isMissing && filtersChanged) chooseAmongResults();
      else if (isMissing && places.length) sheet.reload();
      filtersChanged = false;
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
  map.on("click", () => {
    map.scrollWheelZoom.enable();
    document.getElementById("found").replaceChildren();
    sheet.close();
  });
  view.start();
  map.on("moveend", () => {
    view.remember();
    soon();
  });
  // The filters leave out the chosen vehicle, unless it is on the list's first page and out of sight.
  const chooseAmongResults = () => {
    if (cardOf(sheet.id())) return;
    if (isMapAlone() && ownPosition() && nearestCard()) sheet.show(nearestCard(), { focus: false });
    else sheet.close();
  };
  document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
    if (target.id !== "results") return;
    view.follow();
    filtersChanged = detail.requestConfig.triggeringEvent?.type === "change";
    soon();
  });
  followCards(markers);
  switchViews((shown) => {
    if (shown === "map") map.invalidateSize();
    else sheet.close();
  });
  document.addEventListener("visibilitychange", refreshIfSeen);
  setInterval(refreshIfSeen, REFRESH_MS);
  refresh();
  return {
    moved: view.showPerson,
    // The nearest vehicle is what most people are looking for.
    located: () => {
      if (isMapAlone() && nearestCard() && !sheet.id()) sheet.show(nearestCard(), { focus: false });
    },
  };
};

const withoutMap = { moved: () => {}, located: () => {} };
const frame = document.querySelector("[data-vehicle-map]");
const element = frame.querySelector(".map");
frame.classList.add("is-on");
movrMaps.load(element).then(
  () => startLocating(start(frame, element)),
  () => {
    frame.querySelector("[data-map-count]").textContent = element.dataset.noMap;
    switchViews(() => {});
    startLocating(withoutMap);
  },
);
