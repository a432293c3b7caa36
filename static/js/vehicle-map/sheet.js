// The sheet of the chosen vehicle. The server renders it, so it knows what the person can do with the vehicle now.
import { cardOf, interval } from "./list.js";
import { ownPosition } from "./locate.js";

const NO_ID = "00000000-0000-0000-0000-000000000000"; // in the template's URL
const PATIENCE_MS = 10000;

const query = () => {
  const asked = new URLSearchParams(interval());
  const here = ownPosition();
  if (here) {
    asked.set("lat", here[0].toFixed(5));
    asked.set("lon", here[1].toFixed(5));
  }
  return asked;
};

// Calls shown(id, point) when a vehicle is there, and closed(id) afterwards.
export const createSheet = (sheet, url, { shown, closed }) => {
  const body = sheet.querySelector(".sheet-body");
  let current = null; // the id of the chosen vehicle
  let request = null;

  const say = (text) => {
    const sentence = document.createElement("p");
    sentence.textContent = text;
    body.replaceChildren(sentence);
  };

  const fetchSheet = async (id) => {
    request?.abort();
    request = new AbortController();
    const timer = setTimeout(() => request.abort(), PATIENCE_MS);
    try {
      return await fetch(`${url.replace(NO_ID, id)}?${query()}`, {
        signal: request.signal,
        cache: "no-store",
        headers: { "X-Requested-With": "map" },
      });
    } finally {
      clearTimeout(timer);
    }
  };

  const load = async (id) => {
    sheet.classList.add("is-loading");
    try {
      const response = await fetchSheet(id);
      if (current !== id) return false;
      // After the session has expired, the response is a redirect to a page.
      if (response.redirected) return window.location.reload();
      if (response.status === 404) {
        say(sheet.dataset.gone);
        return false;
      }
      if (!response.ok) throw new Error(`${response.status}`);
      body.innerHTML = await response.text();
      return true;
    } catch {
      if (current === id) say(sheet.dataset.failed);
      return false;
    } finally {
      if (current === id) sheet.classList.remove("is-loading");
    }
  };

  const close = () => {
    if (!current) return;
    const id = current;
    const inside = sheet.contains(document.activeElement);
    current = null;
    sheet.hidden = true;
    cardOf(id)?.classList.remove("is-marked");
    closed(id, inside);
  };

  const show = async (id, { focus = true } = {}) => {
    if (current !== id) close();
    current = id;
    sheet.hidden = false;
    cardOf(id)?.classList.add("is-marked");
    if (!(await load(id))) return;
    shown(id, window.movrMaps.point(sheet.querySelector("[data-point]")?.dataset.point));
    if (focus) sheet.querySelector("h2").focus({ preventScroll: true });
  };

  sheet.querySelector(".sheet-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("details.menu[open]")) close();
  });

  return { show, close, id: () => current, reload: () => current && load(current) };
};
