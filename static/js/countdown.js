// Counts down the rest of a reservation or booking. Without this script, the page shows the end time.
(() => {
  "use strict";

  const ANNOUNCED_MINUTES = [5, 2, 1]; // when screen readers announce it, and at the end
  const loaded = Date.now();
  const two = (number) => String(number).padStart(2, "0");

  const countdowns = [...document.querySelectorAll("[data-countdown]")].map((element) => {
    const clock = document.createElement("span");
    const live = document.createElement("span");
    live.className = "visually-hidden";
    live.setAttribute("role", "status");
    element.after(live);
    const seconds = parseInt(element.dataset.countdown, 10);
    element.title = element.textContent;
    element.replaceChildren(clock);
    return { element, clock, live, seconds, last: Infinity };
  });
  if (!countdowns.length) return;

  // Going back may show a cached page, whose remaining time is out of date.
  const [visit] = performance.getEntriesByType("navigation");
  if (visit && visit.type === "back_forward") {
    window.location.reload();
    return;
  }

  const asClock = (total) => {
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor(total / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
  };

  const tell = (countdown, left) => {
    const { element, live, last } = countdown;
    const { over, minute, minutes } = element.dataset;
    const passed = ANNOUNCED_MINUTES.find((at) => left <= at * 60 && last > at * 60 && last !== Infinity);
    if (left <= 0 && last > 0) live.textContent = over;
    else if (passed) live.textContent = passed === 1 ? minute : minutes.replace("{minutes}", passed);
  };

  const show = () => {
    const passed = Math.floor((Date.now() - loaded) / 1000);
    for (const countdown of countdowns) {
      const left = Math.max(0, countdown.seconds - passed);
      const { element, clock } = countdown;
      clock.textContent = left ? element.dataset.left.replace("{time}", asClock(left)) : element.dataset.over;
      tell(countdown, left);
      countdown.last = left;
    }
  };

  show();
  setInterval(show, 1000);
})();
