// Shows what needs passkeys, and in a form with data-passkey (the options) calls the browser and sends its answer.
(() => {
  "use strict";

  if (!("PublicKeyCredential" in window)) return;
  for (const element of document.querySelectorAll("[data-passkey-unsupported]")) element.hidden = true;
  for (const element of document.querySelectorAll("[data-passkey-supported]")) element.hidden = false;

  const form = document.querySelector("[data-passkey]");
  if (!form) return;
  const creates = "creates" in form.dataset;
  const button = form.querySelector("button");

  const decode = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const readOptions = () => {
    const options = JSON.parse(form.dataset.passkey);
    options.challenge = decode(options.challenge);
    if (options.user) options.user.id = decode(options.user.id);
    for (const known of options.excludeCredentials || options.allowCredentials) known.id = decode(known.id);
    return options;
  };

  // The JSON of a credential. Browsers of 2024 have no toJSON() for it.
  const write = ({ id, rawId, type, response }) => {
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const given = parts.filter((part) => response[part]);
    const encoded = Object.fromEntries(given.map((part) => [part, encode(response[part])]));
    return JSON.stringify({ id, rawId: encode(rawId), type, response: encoded });
  };

  const say = (name) => {
    const sentences = [...form.querySelectorAll("[data-say]")];
    const known = sentences.some((sentence) => sentence.dataset.say === name) ? name : "other";
    for (const sentence of sentences) sentence.hidden = sentence.dataset.say !== known;
  };

  const ask = async () => {
    button.disabled = true;
    try {
      const publicKey = readOptions();
      const credential = await navigator.credentials[creates ? "create" : "get"]({ publicKey });
      form.elements.response.value = write(credential);
      form.submit();
    } catch (error) {
      button.disabled = false;
      say(error.name);
    }
  };

  button.hidden = false;
  button.addEventListener("click", ask);
  if (!creates) ask();
})();
