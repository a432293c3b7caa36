// Keeps the duration of an open ride running, starting from the value on the page.
(() => {
  "use strict";

  const loaded = Date.now();
  const two = (number) => String(number).padStart(2, "0");

  const clocks = [...document.querySelectorAll("time[data-running]")].map((element) => ({
    element,
    seconds: parseInt(element.dateTime.slice(2), 10),
  }));
  if (!clocks.length) return;

  setInterval(() => {
    const passed = Math.floor((Date.now() - loaded) / 1000);
    for (const { element, seconds } of clocks) {
      const total = seconds + passed;
      const hours = Math.floor(total / 3600);
      const minutes = Math.floor(total / 60) % 60;
      element.dateTime = `PT${total}S`;
      element.textContent = hours ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
    }
  }, 1000);
})();
