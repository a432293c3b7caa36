// Requests the places in view. A newer request replaces an older one.
import { filters } from "./list.js";

const PATIENCE_MS = 10000;

const boxOf = (map) => {
  const bounds = map.getBounds();
  const box = [
    Math.max(-90, bounds.getSouth()),
    Math.max(-180, bounds.getWest()),
    Math.min(90, bounds.getNorth()),
    Math.min(180, bounds.getEast()),
  ];
  return box.map((degrees) => degrees.toFixed(6)).join();
};

const fetchPlaces = async (map, url, signal) => {
  const query = new URLSearchParams({ bbox: boxOf(map), zoom: map.getZoom() });
  for (const [name, value] of Object.entries(filters())) if (value) query.set(name, value);
  const response = await fetch(`${url}?${query}`, { signal, cache: "no-store" });
  // After the session has expired, the response is a redirect to a page.
  if (!response.ok || response.redirected) throw new Error(`${response.status}`);
  return response.json();
};

export const createRefresh = (map, url, { loaded, failed }) => {
  let current = null;

  return async () => {
    current?.abort();
    const request = new AbortController();
    current = request;
    const timer = setTimeout(() => request.abort("late"), PATIENCE_MS);
    try {
      const answer = await fetchPlaces(map, url, request.signal);
      if (current === request) loaded(answer);
    } catch {
      if (current === request) failed();
    } finally {
      clearTimeout(timer);
      if (current === request) current = null;
    }
  };
};
