// Asks what is new for the person while the page is visible: updates the badge and the list of notifications, shows the
// newest and jobs that have begun since, and passes everything on to other scripts, as "movr:news" events.

const EVERY = 10_000; // milliseconds
const AT_MOST = 320_000; // between two requests when there are errors

const navigation = document.querySelector("[data-news]");
const jobs = document.getElementById("jobs"); // not on a job's own page
const arrival = navigation.querySelector("[data-arrivals] > *");

let { sequence } = navigation.dataset;
let tag = "";
let wait = EVERY;
let timer;
let asking = false;
let over = false; // logged out
let working = false; // jobs are in progress

function later() {
  clearTimeout(timer);
  if (!over && !document.hidden) timer = setTimeout(ask, wait);
}

async function ask() {
  if (asking || over || document.hidden || !navigator.onLine) return;
  asking = true;
  try {
    const response = await fetch(`${navigation.dataset.news}?since=${sequence}`, {
      headers: tag ? { Accept: "application/json", "If-None-Match": tag } : { Accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
    });
    if (response.status >= 500 || response.status === 429) throw new Error("busy");
    if (response.ok) show(await response.json(), response.headers.get("ETag"));
    else over = response.status !== 304; // to the log-in page, or to new terms
    if (working && response.status === 304) renewBar();
    wait = EVERY;
  } catch {
    wait = Math.min(wait * (1.5 + Math.random()), AT_MOST); // at random, so that not all pages ask at once
  }
  asking = false;
  later();
}

function show(answer, newTag) {
  const changed = String(answer.sequence) !== sequence;
  sequence = String(answer.sequence);
  tag = newTag;
  for (const badge of navigation.querySelectorAll("[data-unread]")) {
    badge.hidden = answer.unread === 0;
    badge.querySelector("[data-unread-number]").textContent = answer.unread;
    const label = badge.querySelector("[data-unread-label]");
    if (label) label.textContent = answer.label;
  }
  if (working || answer.jobs) renewBar(); // when the last one has ended, too
  working = answer.jobs > 0;
  for (const item of answer.news) document.dispatchEvent(new CustomEvent("movr:news", { detail: item }));
  if (!changed) return;
  const newest = answer.news.findLast((item) => item.data.text);
  if (document.getElementById("notifications")) renewList();
  else if (newest) announce(newest.data);
}

function announce({ text, url }) {
  const link = arrival.querySelector("a");
  link.textContent = text;
  link.href = url || navigation.dataset.news;
  arrival.hidden = false;
}

// A list that has the focus waits until the focus leaves it.
async function renewList() {
  const list = document.getElementById("notifications");
  if (list.contains(document.activeElement)) {
    list.addEventListener("focusout", () => setTimeout(renewList), { once: true });
    return;
  }
  const response = await fetch(window.location.href, { redirect: "manual" }).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  list.replaceWith(page.getElementById("notifications"));
}

// A bar that htmx renews asks more often by itself. One that has the focus keeps it.
async function renewBar() {
  const bar = jobs?.firstElementChild;
  if (!jobs || (bar && window.htmx) || jobs.contains(document.activeElement)) return;
  const headers = { "HX-Request": "true" };
  const response = await fetch(navigation.dataset.jobs, { headers, redirect: "manual" }).catch(() => null);
  if (!response?.ok) return;
  const part = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("jobs-bar");
  jobs.replaceChildren(part);
  window.htmx?.process(part);
}

document.addEventListener("movr:news", ({ detail: { name, data } }) => {
  if (name !== "unread_messages") return;
  for (const badge of navigation.querySelectorAll("[data-unread-messages]")) {
    badge.querySelector("[data-number]").textContent = data.unread;
    badge.hidden = !data.unread;
  }
});
arrival.querySelector("button").addEventListener("click", () => {
  arrival.hidden = true;
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
window.addEventListener("online", ask);
later();
