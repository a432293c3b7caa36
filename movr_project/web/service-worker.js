// Shows notifications that the server pushes. Caches the two pages below and the files they need, never pages with personal data or forms. Everything comes from
// the network; the cache is used only when there is no connection.
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

self.addEventListener("push", (event) => {
  const { text, url, tag } = event.data.json(); // from notifications/push/delivery.py
  const options = { body: text, tag, renotify: true, icon: KEPT.icon, data: url || KEPT.notifications };
  event.waitUntil(self.registration.showNotification("MovR", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});

async function keep() {
  const cache = await caches.open(CACHE);
  // Without cookies, so that the pages are the same for everyone.
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
