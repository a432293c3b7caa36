// Asks for permission to show notifications, and sends the browser's push subscription as a form.
(() => {
  "use strict";

  const form = document.querySelector("[data-push]");
  const button = form.querySelector("button");
  const say = (name) => {
    for (const sentence of form.querySelectorAll("[data-say]")) sentence.hidden = sentence.dataset.say !== name;
  };

  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  say("");
  button.hidden = Boolean(document.querySelector("[data-this-device]"));

  button.addEventListener("click", async () => {
    if ((await Notification.requestPermission()) !== "granted") return say("blocked");
    const subscription = await subscribe().catch(() => null);
    if (!subscription) return say("unsupported");
    const { endpoint, keys } = subscription.toJSON();
    form.elements.endpoint.value = endpoint;
    form.elements.p256dh.value = keys.p256dh;
    form.elements.auth.value = keys.auth;
    form.submit();
  });

  async function subscribe() {
    const { pushManager } = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: form.dataset.push };
    try {
      return await pushManager.subscribe(options);
    } catch (error) {
      const old = await pushManager.getSubscription(); // made with an earlier key of the server
      if (!old) throw error;
      await old.unsubscribe();
      return pushManager.subscribe(options);
    }
  }
})();
