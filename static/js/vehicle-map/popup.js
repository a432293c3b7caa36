// The popup of the chosen marker, and the card in the list that belongs to it.
import { cardOf, listNear, plateOf, typeName } from "./list.js";
import { fill, isGroup } from "./markers.js";

const NO_ID = "00000000-0000-0000-0000-000000000000"; // in the template's link
const FAR_SCALE = 0.65; // the scale of markers at low zoom levels

export const createPopup = (map, element, template) => {
  const { movrMaps } = window;
  let open = null;

  const describeVehicle = (link, { id, type }) => {
    link.href = link.dataset.vehicle.replace(NO_ID, id);
    link.querySelector("[data-popup-type]").textContent = typeName(type);
    link.querySelector(".plate").textContent = plateOf(id);
  };

  const describeGroup = (link, place) => {
    link.href = listNear(place);
    link.textContent = fill(element.dataset.many, { number: place.count });
  };

  const content = (place) => {
    const parts = template.content.cloneNode(true);
    const one = !isGroup(place);
    const charge = parts.querySelector("[data-popup-battery]");
    parts.querySelector("[data-popup-free]").hidden = !one || !place.free;
    parts.querySelector("[data-popup-busy]").hidden = !one || Boolean(place.free);
    charge.hidden = !one || place.battery === null;
    charge.textContent = fill(charge.dataset.popupBattery, { n: place.battery });
    (one ? describeVehicle : describeGroup)(parts.querySelector("a"), place);
    const box = document.createElement("div");
    box.className = "map-popup";
    box.append(parts);
    return box;
  };

  const lift = (place) => {
    const height = !isGroup(place) && place.free ? 36 : 14;
    return element.classList.contains("is-far") ? Math.round(-FAR_SCALE * height) : -height;
  };

  const markCard = (id) => {
    const card = id && cardOf(id);
    if (!card) return;
    card.classList.add("is-marked");
    card.scrollIntoView({ block: "nearest", behavior: movrMaps.calm ? "auto" : "smooth" });
  };

  const show = ({ place, marker }, byKey) => {
    const popup = L.popup({ offset: [0, lift(place)], autoPanPadding: [16, 16], closeOnEscapeKey: true });
    popup.id = isGroup(place) ? null : place.id;
    popup.setLatLng(marker.getLatLng()).setContent(content(place)).openOn(map);
    open = popup;
    markCard(popup.id);
    if (byKey) popup.getElement().querySelector("a").focus({ preventScroll: true });
    popup.on("remove", () => {
      const inside = popup.getElement()?.contains(document.activeElement);
      cardOf(popup.id ?? "")?.classList.remove("is-marked");
      if (open === popup) open = null;
      if (inside) marker.getElement()?.focus({ preventScroll: true });
    });
  };

  const update = (place) => {
    if (open && open.id === place.id) open.setContent(content(place));
  };

  const close = (id) => {
    if (open?.id === id) map.closePopup();
  };

  return { show, update, close };
};
