// Markers of vehicles and groups. A place is an object from the server: see fleet/map.py.
import { plateOf, typeName } from "./list.js";

const RAISED = 10000;
const IN_USE = -500; // below available ones

export const isGroup = (place) => place.count > 1;

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

const vehicleIcon = (element, { free, id, type }) => {
  const { movrMaps } = window;
  const text = free ? element.dataset.freeVehicle : element.dataset.busyVehicle;
  const label = movrMaps.hiddenText(fill(text, { vehicle: `${typeName(type)} ${plateOf(id)}` }));
  const parts = [movrMaps.drawing(element, type), label];
  return movrMaps.icon(free ? "free" : "busy", parts, [40, 46], free ? [20, 46] : [20, 23]);
};

const groupIcon = (element, { count, free }) => {
  const { movrMaps } = window;
  const label = movrMaps.hiddenText(fill(element.dataset.group, { number: count, free }));
  const shown = document.createElement("span");
  shown.setAttribute("aria-hidden", "true");
  shown.textContent = count > 9999 ? `${Math.round(count / 1000)}k` : count;
  const size = count < 10 ? 40 : count < 1000 ? 46 : 54;
  return movrMaps.icon(free ? "group" : "group-busy", [shown, label], [size, size], [size / 2, size / 2]);
};

const keyOf = (place) => (isGroup(place) ? `${place.count} ${place.lat} ${place.lon}` : place.id);
const height = (place) => (place.free ? 0 : IN_USE);

// Calls choose(entry, byKey) for a clicked marker, and changed(place) and gone(key) for one whose popup is open.
export const createMarkers = (map, element, { choose, changed, gone }) => {
  const entries = new Map();

  const icon = (place) => (isGroup(place) ? groupIcon(element, place) : vehicleIcon(element, place));

  const listen = (entry) => {
    entry.marker.getElement().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      choose(entry, true);
    });
  };

  const add = (key, place, text) => {
    const marker = L.marker([place.lat, place.lon], {
      icon: icon(place),
      riseOnHover: true,
      zIndexOffset: height(place),
    }).addTo(map);
    const entry = { place, text, marker };
    marker.on("click", () => choose(entry, false));
    listen(entry);
    entries.set(key, entry);
  };

  const change = (entry, place, text) => {
    Object.assign(entry, { place, text });
    entry.marker.setLatLng([place.lat, place.lon]).setIcon(icon(place));
    listen(entry); // a new icon is a new element
    changed(place);
  };

  const show = (places) => {
    const kept = new Set();
    for (const place of places) {
      const key = keyOf(place);
      const text = JSON.stringify(place);
      const entry = entries.get(key);
      kept.add(key);
      if (!entry) add(key, place, text);
      else if (entry.text !== text) change(entry, place, text);
    }
    for (const [key, { marker }] of entries) {
      if (kept.has(key)) continue;
      gone(key);
      marker.remove();
      entries.delete(key);
    }
  };

  const raise = (id, on) => {
    const entry = entries.get(id);
    if (!entry) return;
    entry.marker.getElement().classList.toggle("is-marked", on);
    entry.marker.setZIndexOffset(on ? RAISED : height(entry.place));
  };

  return { show, raise };
};
