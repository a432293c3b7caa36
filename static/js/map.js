// Shared by all maps. Leaflet is loaded when the first map is needed.
window.movrMaps = (() => {
  "use strict";

  const MOST_ZOOM = 19;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let leaflet = null;

  const load = (element) => {
    leaflet ??= new Promise((resolve, reject) => {
      if (window.L) return resolve();
      const script = document.createElement("script");
      script.src = element.dataset.leaflet;
      script.onload = resolve;
      script.onerror = () => {
        leaflet = null;
        script.remove();
        reject(new Error("Leaflet"));
      };
      document.head.append(script);
    });
    return leaflet;
  };

  // Messages below a map, each with a button to try again.
  const notices = (element, texts) => {
    const box = document.createElement("div");
    box.className = "map-notices";
    box.setAttribute("role", "status");
    element.after(box);
    const shown = new Map();
    return {
      show(key, text, again) {
        if (shown.has(key)) return;
        const notice = document.createElement("p");
        const button = document.createElement("button");
        notice.append(text, " ");
        button.type = "button";
        button.className = "btn btn-sm btn-outline-primary";
        button.textContent = texts.tryAgain;
        button.addEventListener("click", () => again());
        notice.append(button);
        box.append(notice);
        shown.set(key, notice);
      },
      hide(key) {
        shown.get(key)?.remove();
        shown.delete(key);
      },
    };
  };

  const create = (element, options = {}) => {
    const texts = element.dataset;
    const map = L.map(element, {
      zoomControl: false,
      maxZoom: MOST_ZOOM,
      minZoom: 3,
      maxBounds: [[-89, -180], [89, 180]],
      maxBoundsViscosity: 1,
      zoomAnimation: !calm,
      fadeAnimation: !calm,
      markerZoomAnimation: !calm,
      inertia: !calm,
      ...options,
    });
    map.attributionControl.setPrefix(false);
    L.control
      .zoom({ zoomInTitle: texts.zoomIn, zoomOutTitle: texts.zoomOut, position: options.zoomPosition ?? "topleft" })
      .addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    map.notices = notices(element, texts);
    if (texts.tiles) addTiles(map, texts);
    return map;
  };

  const addTiles = (map, texts) => {
    const tiles = L.tileLayer(texts.tiles, {
      attribution: texts.attribution,
      maxZoom: MOST_ZOOM,
      referrerPolicy: "strict-origin-when-cross-origin",
    });
    tiles.on("tileerror", () => {
      map.notices.show("tiles", texts.noTiles, () => {
        map.notices.hide("tiles");
        tiles.redraw();
      });
    });
    tiles.on("tileload", () => map.notices.hide("tiles"));
    tiles.addTo(map);
  };

  const drawing = (element, type) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const use = document.createElementNS(space, "use");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", "vehicle-icon");
    use.setAttribute("href", `${element.dataset.vehicles}#${type}`);
    svg.append(use);
    return svg;
  };

  const hiddenText = (text) => {
    const span = document.createElement("span");
    span.className = "visually-hidden";
    span.textContent = text;
    return span;
  };

  const icon = (kind, children, size, anchor) => {
    const html = document.createElement("span");
    html.className = "marker-body";
    html.append(...children);
    return L.divIcon({ className: `marker marker-${kind}`, html, iconSize: size, iconAnchor: anchor });
  };

  const point = (text) => {
    const numbers = text ? text.split(",").map(Number) : [];
    return numbers.length === 2 && numbers.every(Number.isFinite) ? numbers : null;
  };

  return { load, create, drawing, hiddenText, icon, point, calm };
})();
