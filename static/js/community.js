// Cards on people's names, translations, and messages that are read once they are shown.
(() => {
  "use strict";

  const DELAY = 500; // milliseconds
  const csrf = (form) => form.querySelector("[name=csrfmiddlewaretoken]").value;

  // --- Cards ----------------------------------------------------------------------------------------

  let open = null; // { link, card }
  let waiting = null; // { link, timer, request }

  const close = () => {
    if (waiting) {
      clearTimeout(waiting.timer);
      waiting.request.abort();
      waiting = null;
    }
    open?.card.remove();
    open?.link.removeAttribute("aria-describedby");
    open = null;
  };

  const place = (link, card) => {
    const { left, bottom } = link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - card.offsetWidth - 8;
    card.style.left = `${Math.max(8, Math.min(left, room)) + window.scrollX}px`;
    card.style.top = `${bottom + window.scrollY}px`;
  };

  const show = async (link, request) => {
    const answer = await fetch(link.dataset.card, { signal: request.signal, headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector(".person-card");
    if (!answer.ok || answer.redirected || !content) return;
    const card = document.createElement("div");
    card.className = "person-popover";
    card.id = "person-popover";
    card.append(document.adoptNode(content));
    for (const next of card.querySelectorAll("[name=next]")) next.value = location.pathname + location.search;
    document.body.append(card);
    place(link, card);
    link.setAttribute("aria-describedby", card.id);
    waiting = null;
    open = { link, card };
  };

  const wait = (link) => {
    if (open?.link === link || waiting?.link === link) return;
    close();
    const request = new AbortController();
    const timer = setTimeout(() => show(link, request).catch(() => {}), DELAY); // the name is a link in any case
    waiting = { link, timer, request };
  };

  const inside = (node) => open?.card.contains(node) || open?.link.contains(node);
  const leave = (node) => {
    if (!inside(node) && !waiting?.link.contains(node)) close();
  };
  const named = (event) => event.target.closest?.("[data-card]");

  document.addEventListener("pointerover", (event) => {
    const link = event.pointerType === "mouse" && named(event);
    if (link) wait(link);
    else leave(event.target);
  });
  document.addEventListener("focusin", (event) => {
    const link = named(event);
    if (link) wait(link);
    else leave(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  // --- Translations ---------------------------------------------------------------------------------

  const list = document.querySelector("[data-translations]");
  const translate = async (button) => {
    const result = button.nextElementSibling;
    const spinner = document.createElement("span");
    spinner.className = "spinner";
    button.replaceWith(spinner);
    let text = button.dataset.failed;
    try {
      const body = new URLSearchParams({ post: button.dataset.translate });
      const headers = { "X-CSRFToken": list.dataset.token, Accept: "application/json" };
      const answer = await fetch(list.dataset.translations, { method: "POST", body, headers });
      const data = await answer.json();
      text = data.text ?? data.error ?? text;
      if (data.note) result.title = data.note;
      result.dataset.note = data.note ?? "";
    } catch {
      // The sentence of the button is shown.
    }
    spinner.remove();
    result.textContent = result.dataset.note ? `${text} (${result.dataset.note})` : text;
  };
  for (const button of document.querySelectorAll("[data-translate]")) {
    button.hidden = false;
    button.addEventListener("click", () => translate(button));
  }

  // --- Messages -------------------------------------------------------------------------------------

  const unread = document.querySelector("[data-read]");
  if (unread) {
    const badge = document.querySelector("[data-unread-messages] [data-number]");
    const left = Math.max(0, parseInt(badge?.textContent ?? "0", 10) - unread.querySelectorAll("[name=message]").length);
    unread.hidden = true;
    fetch(unread.action, { method: "POST", body: new FormData(unread), headers: { "X-CSRFToken": csrf(unread) } })
      .then((answer) => {
        if (!answer.ok) throw new Error(answer.statusText);
        const detail = { name: "unread_messages", data: { unread: left } };
        document.dispatchEvent(new CustomEvent("movr:news", { detail }));
      })
      .catch(() => {
        unread.hidden = false;
      });
  }
})();
