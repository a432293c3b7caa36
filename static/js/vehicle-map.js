// The map above the list of vehicles: it shows what the list's filters say, and keeps up to date.
(() => {
  "use strict";

  const frame = document.querySelector("[data-vehicle-map]");
  if (!frame) return;

  const REFRESH_MS = 30000;
  const PATIENCE_MS = 10000;
  const SETTLED_MS = 200;
  const NEAR_ZOOM = 15;
  const CITY_ZOOM = 13;
  const element = frame.querySelector(".map");
  const count = frame.querySelector("[data-map-count]");
  const popupTemplate = frame.querySelector("template");
  const data = element.dataset;
  const { movrMaps } = window;
  const MEMORY = "movr-map";

  let map;
  let here = null; // the marker of the person
  let hereText = "";
  let popup = null;
  let asking = null;
  let settled = null;
  const markers = new Map();

  // --- What the list shows ---------------------------------------------------------------------

  const address = () => new URLSearchParams(window.location.search);
  const typeName = (type) => document.querySelector(`#vehicle-filter option[value="${CSS.escape(type)}"]`)?.textContent ?? type;
  const cardOf = (code) => document.querySelector(`.vehicle-card[data-code="${CSS.escape(code)}"]`);

  const filters = () => {
    const asked = address();
    const type = asked.get("type") ?? "";
    const known = type && document.querySelector(`#vehicle-filter option[value="${CSS.escape(type)}"]`);
    const free = asked.get("available");
    return { type: known ? type : "", available: free && !["0", "false", "False"].includes(free) ? "on" : "" };
  };

  const position = () => {
    const asked = address();
    return movrMaps.point(asked.has("lat") && asked.has("lon") ? `${asked.get("lat")},${asked.get("lon")}` : "");
  };

  // --- Where to look ---------------------------------------------------------------------------

  const remember = () => {
    const { lat, lng } = map.getCenter();
    const view = { city: data.city, near: hereText, center: [lat, lng], zoom: map.getZoom() };
    try {
      sessionStorage.setItem(MEMORY, JSON.stringify(view));
    } catch {
      // It begins in the middle of the city next time.
    }
  };

  const remembered = () => {
    try {
      const view = JSON.parse(sessionStorage.getItem(MEMORY));
      return view?.city === data.city && view.near === hereText ? view : null;
    } catch {
      return null;
    }
  };

  const placePerson = (animate) => {
    const found = position();
    const text = found ? found.join() : "";
    if (text === hereText) return false;
    hereText = text;
    here?.remove();
    here = null;
    if (!found) return false;
    here = L.marker(found, {
      icon: movrMaps.icon("person", [movrMaps.hiddenText(data.you)], [22, 22], [11, 11]),
      keyboard: false,
      interactive: false,
      zIndexOffset: -1000,
    }).addTo(map);
    const inCity = map.distance(found, movrMaps.point(data.center)) <= Number(data.radius);
    if (inCity && (animate || !remembered())) map.setView(found, NEAR_ZOOM, { animate: animate && !movrMaps.calm });
    return inCity;
  };

  // --- Markers -----------------------------------------------------------------------------------

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  const vehicleIcon = ([, free, , , code, type]) => {
    const label = fill(free ? data.freeVehicle : data.busyVehicle, { vehicle: `${typeName(type)} ${code}` });
    const parts = [movrMaps.drawing(element, type), movrMaps.hiddenText(label)];
    return movrMaps.icon(free ? "free" : "busy", parts, [40, 46], free ? [20, 46] : [20, 23]);
  };

  const groupIcon = ([number, free]) => {
    const label = movrMaps.hiddenText(fill(data.group, { number, free }));
    const shown = document.createElement("span");
    shown.setAttribute("aria-hidden", "true");
    shown.textContent = number > 9999 ? `${Math.round(number / 1000)}k` : number;
    const size = number < 10 ? 40 : number < 1000 ? 46 : 54;
    return movrMaps.icon(free ? "group" : "group-busy", [shown, label], [size, size], [size / 2, size / 2]);
  };

  const keyOf = ([number, , latitude, longitude, code]) => (number === 1 ? code : `${number} ${latitude} ${longitude}`);

  const show = (places) => {
    const kept = new Set();
    for (const place of places) {
      const key = keyOf(place);
      kept.add(key);
      const text = JSON.stringify(place);
      const known = markers.get(key);
      if (known?.text === text) continue;
      if (known) {
        known.place = place;
        known.text = text;
        known.marker.setLatLng([place[2], place[3]]).setIcon(place[0] === 1 ? vehicleIcon(place) : groupIcon(place));
        listen(known);
        if (popup?.code === place[4]) popup.setContent(popupContent(place));
        continue;
      }
      const entry = { place, text };
      entry.marker = L.marker([place[2], place[3]], {
        icon: place[0] === 1 ? vehicleIcon(place) : groupIcon(place),
        riseOnHover: true,
        zIndexOffset: place[1] ? 0 : -500,
      }).addTo(map);
      entry.marker.on("click", () => choose(entry));
      listen(entry);
      markers.set(key, entry);
    }
    for (const [key, { marker }] of markers) {
      if (kept.has(key)) continue;
      if (popup?.code === key) map.closePopup();
      marker.remove();
      markers.delete(key);
    }
  };

  const listen = (entry) => {
    entry.marker.getElement().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      choose(entry, true);
    });
  };

  const choose = (entry, byKey = false) => {
    const { place, marker } = entry;
    if (place[0] === 1) return openPopup(entry, byKey);
    if (map.getZoom() < map.getMaxZoom()) {
      if (byKey) element.focus({ preventScroll: true });
      return map.setView(marker.getLatLng(), Math.min(map.getZoom() + 2, map.getMaxZoom()));
    }
    return openPopup(entry, byKey); // they stand on top of each other: the list has them all
  };

  const popupContent = (place) => {
    const [number, free, latitude, longitude, code, type, battery] = place;
    const content = popupTemplate.content.cloneNode(true);
    const link = content.querySelector("a");
    const one = number === 1;
    content.querySelector("[data-popup-free]").hidden = !one || !free;
    content.querySelector("[data-popup-busy]").hidden = !one || Boolean(free);
    const charge = content.querySelector("[data-popup-battery]");
    charge.hidden = !one || battery === null;
    charge.textContent = fill(charge.dataset.popupBattery, { n: battery });
    if (one) {
      link.href = link.dataset.vehicle.replace("CODE", code);
      link.querySelector("[data-popup-type]").textContent = typeName(type);
      link.querySelector(".plate").textContent = code;
    } else {
      const asked = address();
      asked.delete("page");
      asked.set("lat", latitude.toFixed(5));
      asked.set("lon", longitude.toFixed(5));
      link.href = `?${asked}`;
      link.textContent = fill(data.many, { number });
    }
    const box = document.createElement("div");
    box.className = "map-popup";
    box.append(content);
    return box;
  };

  const openPopup = ({ place, marker }, byKey) => {
    const free = place[0] === 1 && place[1];
    const height = free ? 36 : 14;
    const far = element.classList.contains("is-far");
    const opened = L.popup({ offset: [0, far ? Math.round(-0.65 * height) : -height], autoPanPadding: [16, 16], closeOnEscapeKey: true });
    opened.code = place[0] === 1 ? place[4] : null;
    opened.setLatLng(marker.getLatLng()).setContent(popupContent(place)).openOn(map);
    popup = opened;
    const card = opened.code && cardOf(opened.code);
    if (card) {
      card.classList.add("is-marked");
      card.scrollIntoView({ block: "nearest", behavior: movrMaps.calm ? "auto" : "smooth" });
    }
    if (byKey) opened.getElement().querySelector("a").focus({ preventScroll: true });
    opened.on("remove", () => {
      const inside = opened.getElement()?.contains(document.activeElement);
      cardOf(opened.code ?? "")?.classList.remove("is-marked");
      if (popup === opened) popup = null;
      if (inside) marker.getElement()?.focus({ preventScroll: true });
    });
  };

  // --- Asking --------------------------------------------------------------------------------------

  const refresh = async () => {
    asking?.abort();
    const request = new AbortController();
    asking = request;
    const timer = setTimeout(() => request.abort("late"), PATIENCE_MS);
    const bounds = map.getBounds();
    const box = [
      Math.max(-90, bounds.getSouth()),
      Math.max(-180, bounds.getWest()),
      Math.min(90, bounds.getNorth()),
      Math.min(180, bounds.getEast()),
    ];
    const query = new URLSearchParams({ bbox: box.map((number) => number.toFixed(6)).join(), zoom: map.getZoom() });
    for (const [name, value] of Object.entries(filters())) if (value) query.set(name, value);
    try {
      const response = await fetch(`${data.url}?${query}`, { signal: request.signal, cache: "no-store" });
      // Whoever is not logged in any more is sent to a page.
      if (!response.ok || response.redirected) throw new Error(`${response.status}`);
      const { places, sentence } = await response.json();
      if (asking !== request) return;
      show(places);
      if (count.textContent !== sentence) count.textContent = sentence;
      map.notices.hide("vehicles");
    } catch {
      if (asking === request) map.notices.show("vehicles", data.noVehicles, refresh);
    } finally {
      clearTimeout(timer);
      if (asking === request) asking = null;
    }
  };

  const soon = () => {
    clearTimeout(settled);
    settled = setTimeout(refresh, SETTLED_MS);
  };

  // --- In step with the list -------------------------------------------------------------------

  const mark = (event, on) => {
    const code = event.target.closest?.(".vehicle-card")?.dataset.code;
    const marker = code && markers.get(code)?.marker;
    if (!marker) return;
    marker.getElement().classList.toggle("is-marked", on);
    marker.setZIndexOffset(on ? 10000 : markers.get(code).place[1] ? 0 : -500);
  };

  const start = () => {
    map = movrMaps.create(element, { scrollWheelZoom: false });
    element.addEventListener("focus", () => map.scrollWheelZoom.enable());
    map.on("click", () => map.scrollWheelZoom.enable());
    hereText = position()?.join() ?? "";
    const view = remembered();
    map.setView(view?.center ?? movrMaps.point(data.center), view?.zoom ?? CITY_ZOOM);
    hereText = "";
    placePerson(false);
    const far = () => element.classList.toggle("is-far", map.getZoom() < NEAR_ZOOM);
    far();
    map.on("zoomend", far);
    map.on("moveend", () => {
      remember();
      soon();
    });
    for (const [name, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
      document.addEventListener(name, (event) => mark(event, on));
    }
    document.addEventListener("htmx:pushedIntoHistory", () => {
      placePerson(true);
      soon();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) refresh();
    });
    setInterval(() => {
      if (!document.hidden) refresh();
    }, REFRESH_MS);
    refresh();
  };

  frame.classList.add("is-on");
  movrMaps.load(element).then(start, () => {
    count.textContent = data.noMap;
  });
})();
