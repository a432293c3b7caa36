// The visible part of the city: the last one in this tab, or around the person or the place that was searched for.
import { place, position } from "./list.js";

const MEMORY = "movr-map";
const CITY_ZOOM = 13;
const NEAR_ZOOM = 16;

const key = (point) => point?.join() ?? "";

export const createView = (map, { city, center, radius, you }) => {
  const { movrMaps } = window;
  let person = null;
  let spot = null; // the marker of the place that was searched for
  let near = key(position());

  const remembered = () => {
    try {
      const view = JSON.parse(sessionStorage.getItem(MEMORY));
      return view?.city === city && view.near === near ? view : null;
    } catch {
      return null;
    }
  };

  const remember = () => {
    const { lat, lng } = map.getCenter();
    try {
      sessionStorage.setItem(MEMORY, JSON.stringify({ city, near, center: [lat, lng], zoom: map.getZoom() }));
    } catch {
      // Start in the centre of the city next time.
    }
  };

  const still = (kind, text, size, anchor, point) =>
    L.marker(point, {
      icon: movrMaps.icon(kind, [movrMaps.hiddenText(text)], size, anchor),
      keyboard: false,
      interactive: false,
      zIndexOffset: -1000,
    }).addTo(map);

  const showPerson = (point) => {
    if (person) person.setLatLng(point);
    else person = still("person", you, [22, 22], [11, 11], point);
  };

  const showSearched = (point) => {
    spot?.remove();
    spot = null;
    if (point && place()) spot = still("pick marker-place", place(), [40, 46], [20, 46], point);
    else if (point) showPerson(point);
  };

  const inCity = (point) => map.distance(point, movrMaps.point(center)) <= Number(radius);

  const start = () => {
    const view = remembered();
    const point = position();
    map.setView(view?.center ?? movrMaps.point(center), view?.zoom ?? CITY_ZOOM);
    showSearched(point);
    if (point && !view && inCity(point)) map.setView(point, NEAR_ZOOM, { animate: false });
  };

  // The list may have been sorted by another position.
  const follow = () => {
    const point = position();
    if (key(point) === near) return;
    near = key(point);
    showSearched(point);
    // At once, as showing the nearest vehicle would stop an animation.
    if (point && inCity(point)) map.setView(point, NEAR_ZOOM, { animate: false });
  };

  return { start, remember, follow, showPerson };
};
