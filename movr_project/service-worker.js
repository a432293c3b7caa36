// What is kept: the two pages below and the files they are made of. Never a page of a person, never a form.
// Everything comes from the network; what is kept is for when there is none.
"use strict";

const PREFIX = "movr-";
const CACHE = PREFIX + KEPT.version;
const files = new Set(KEPT.files);

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(networkOr(request, request.method === "GET" ? KEPT.offline : KEPT.notSent));
  } else if (request.method === "GET" && files.has(url.pathname)) {
    event.respondWith(networkOr(request, url.pathname));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  // Without cookies: the same for everybody.
  const options = { cache: "reload", credentials: "omit" };
  await cache.addAll([KEPT.offline, KEPT.notSent, ...files].map((url) => new Request(url, options)));
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

async function networkOr(request, kept) {
  try {
    return await fetch(request);
  } catch (error) {
    const answer = await caches.match(kept, { cacheName: CACHE });
    if (answer) return answer;
    throw error;
  }
}
