// The visible part of the city: the last one in this tab, or around the user.
import { position } from "./list.js";

const MEMORY = "movr-map";
const CITY_ZOOM = 13;
export const NEAR_ZOOM = 15;

const key = (point) => point?.join() ?? "";

export const createView = (map, { city, center, radius, you }) => {
  const { movrMaps } = window;
  let here = null; // the user's marker
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

  const showPerson = (point) => {
    here?.remove();
    here = null;
    if (!point) return;
    here = L.marker(point, {
      icon: movrMaps.icon("person", [movrMaps.hiddenText(you)], [22, 22], [11, 11]),
      keyboard: false,
      interactive: false,
      zIndexOffset: -1000,
    }).addTo(map);
  };

  const inCity = (point) => map.distance(point, movrMaps.point(center)) <= Number(radius);

  const start = () => {
    const view = remembered();
    const point = position();
    map.setView(view?.center ?? movrMaps.point(center), view?.zoom ?? CITY_ZOOM);
    showPerson(point);
    if (point && !view && inCity(point)) map.setView(point, NEAR_ZOOM, { animate: false });
  };

  // The list may have been sorted by another position.
  const follow = () => {
    const point = position();
    if (key(point) === near) return;
    near = key(point);
    showPerson(point);
    if (point && inCity(point)) map.setView(point, NEAR_ZOOM, { animate: !movrMaps.calm });
  };

  return { start, remember, follow };
};
