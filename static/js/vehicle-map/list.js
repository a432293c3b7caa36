// The list beside the map: its filters, its position and its cards.
const address = () => new URLSearchParams(window.location.search);
const chipOf = (type) => document.querySelector(`#vehicle-filter input[name=type][value="${CSS.escape(type)}"]`);

export const typeName = (type) => chipOf(type)?.parentElement.textContent.trim() ?? type;

// As Vehicle.plate on the server.
export const plateOf = (id) => `#${id.slice(0, 4).toUpperCase()}`;

export const cardOf = (id) => document.querySelector(`.vehicle-card[data-id="${CSS.escape(id)}"]`);

export const nearestCard = () => document.querySelector(".vehicle-card")?.dataset.id;

const chosen = (names) => {
  const asked = address();
  return Object.fromEntries(names.map((name) => [name, asked.get(name)]).filter(([, value]) => value));
};

export const filters = () => chosen(["type", "battery", "range", "from", "until"]);

export const interval = () => chosen(["from", "until"]);

// The name of the place that was searched for, or "" if the list is sorted by the person's own position.
export const place = () => address().get("place") ?? "";

export const position = () => {
  const asked = address();
  return window.movrMaps.point(asked.has("lat") && asked.has("lon") ? `${asked.get("lat")},${asked.get("lon")}` : "");
};

// The same list, sorted by the distance to a spot.
export const listNear = ({ lat, lon }, name) => {
  const asked = address();
  asked.delete("page");
  asked.set("lat", lat.toFixed(5));
  asked.set("lon", lon.toFixed(5));
  asked.set("place", name);
  asked.set("view", "list");
  return `?${asked}`;
};
