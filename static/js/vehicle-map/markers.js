// Markers of vehicles and groups. A place is an object from the server (fleet/map.py), or a group made of some.
import { cluster } from "./clusters.js";
import { plateOf, typeName } from "./list.js";

const RAISED = 10000;

export const isGroup = (place) => place.count > 1;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

const vehicleIcon = (element, { own, id, type }) => {
  const { movrMaps } = window;
  const text = own ? element.dataset.ownVehicle : element.dataset.freeVehicle;
  const label = movrMaps.hiddenText(fill(text, { vehicle: `${typeName(type)} ${plateOf(id)}` }));
  return movrMaps.icon(own ? "free marker-own" : "free", [movrMaps.drawing(element, type), label], [40, 46], [20, 46]);
};

const groupIcon = (element, { count }) => {
  const { movrMaps } = window;
  const label = movrMaps.hiddenText(fill(element.dataset.group, { number: count }));
  const shown = document.createElement("span");
  shown.setAttribute("aria-hidden", "true");
  shown.textContent = count > 9999 ? `${Math.round(count / 1000)}k` : count;
  const size = count < 100 ? 42 : 48;
  return movrMaps.icon("group", [shown, label], [size, size], [size / 2, size]);
};

const keyOf = (place) => (isGroup(place) ? `${place.count} ${place.lat} ${place.lon}` : place.id);

// Calls choose(place, marker) for a clicked marker.
export const createMarkers = (map, element, choose) => {
  const entries = new Map();
  let shown = [];
  let chosen = null;

  const listen = (entry) => {
    entry.marker.getElement().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      choose(entry.place);
    });
  };

  const look = (entry) => {
    const isChosen = entry.place.id !== undefined && entry.place.id === chosen;
    entry.marker.getElement().classList.toggle("is-chosen", isChosen);
    entry.marker.setZIndexOffset(isChosen ? RAISED : 0);
  };

  const add = (key, place, text) => {
    const icon = isGroup(place) ? groupIcon(element, place) : vehicleIcon(element, place);
    const marker = L.marker([place.lat, place.lon], { icon, riseOnHover: true }).addTo(map);
    const entry = { place, text, marker };
    marker.on("click", () => choose(entry.place));
    listen(entry);
    entries.set(key, entry);
    look(entry);
  };

  const draw = () => {
    const kept = new Set();
    for (const place of cluster(map, shown, chosen)) {
      const key = keyOf(place);
      const text = JSON.stringify(place);
      kept.add(key);
      if (entries.get(key)?.text === text) {
        look(entries.get(key));
        continue;
      }
      entries.get(key)?.marker.remove();
      add(key, place, text);
    }
    for (const [key, { marker }] of entries) {
      if (kept.has(key)) continue;
      marker.remove();
      entries.delete(key);
    }
  };

  map.on("zoomend", draw);

  return {
    show(places) {
      shown = places;
      draw();
    },
    // The chosen vehicle has a marker of its own.
    choose(id) {
      chosen = id;
      draw();
    },
    has: (id) => shown.some((place) => place.id === id),
    element: (id) => entries.get(id)?.marker.getElement(),
    mark(id, on) {
      const entry = entries.get(id);
      if (!entry || id === chosen) return;
      entry.marker.getElement().classList.toggle("is-marked", on);
      entry.marker.setZIndexOffset(on ? RAISED : 0);
    },
  };
};
