// A small map of the places on a page, drawn when it is scrolled into view.
(() => {
  "use strict";

  const { movrMaps } = window;
  const NEAR_ZOOM = 16;

  const draw = (frame) => {
    const element = frame.querySelector(".map");
    const places = [...frame.querySelectorAll("[data-point]")].map((place) => ({
      at: movrMaps.point(place.dataset.point),
      kind: place.dataset.kind,
      text: place.textContent,
    }));
    const map = movrMaps.create(element, { scrollWheelZoom: false, dragging: !L.Browser.mobile, keyboard: false });
    const bounds = L.latLngBounds(places.map((place) => place.at));
    map.fitBounds(bounds, { padding: [48, 48], maxZoom: NEAR_ZOOM, animate: false });
    if (places.length > 1) {
      L.polyline(places.map((place) => place.at), { className: "map-line", interactive: false }).addTo(map);
    }
    for (const { at, kind, text } of places) {
      const known = kind !== "start" && kind !== "end";
      const shown = document.createElement("span");
      shown.textContent = text;
      shown.className = known ? "visually-hidden" : "marker-text";
      const parts = known ? [movrMaps.drawing(element, kind), shown] : [shown];
      const icon = known
        ? movrMaps.icon("free", parts, [40, 46], [20, 46])
        : movrMaps.icon(kind, parts, [18, 18], [9, 9]);
      L.marker(at, { icon, keyboard: false, interactive: false }).addTo(map);
    }
  };

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        movrMaps.load(target.querySelector(".map")).then(
          () => draw(target),
          () => target.remove(),
        );
      }
    },
    { rootMargin: "200px" },
  );
  for (const frame of document.querySelectorAll("[data-small-map]")) observer.observe(frame);
})();
