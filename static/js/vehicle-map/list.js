// The list next to the map: its filters, its position and its cards.
const address = () => new URLSearchParams(window.location.search);
const optionOf = (type) => document.querySelector(`#vehicle-filter option[value="${CSS.escape(type)}"]`);

export const typeName = (type) => optionOf(type)?.textContent ?? type;

// As Vehicle.plate on the server.
export const plateOf = (id) => `#${id.slice(0, 4).toUpperCase()}`;

export const cardOf = (id) => document.querySelector(`.vehicle-card[data-id="${CSS.escape(id)}"]`);

export const filters = () => {
  const asked = address();
  const type = asked.get("type") ?? "";
  const free = asked.get("available");
  return {
    type: type && optionOf(type) ? type : "",
    available: free && !["0", "false", "False"].includes(free) ? "on" : "",
  };
};

export const position = () => {
  const asked = address();
  return window.movrMaps.point(asked.has("lat") && asked.has("lon") ? `${asked.get("lat")},${asked.get("lon")}` : "");
};

// The same list, sorted by the distance to a place.
export const listNear = ({ lat, lon }) => {
  const asked = address();
  asked.delete("page");
  asked.set("lat", lat.toFixed(5));
  asked.set("lon", lon.toFixed(5));
  return `?${asked}`;
};
