// The API's page. Whoever is logged in may try it with their own session: writes carry its CSRF token.
const page = document.getElementById("api");
const origin = window.location.origin;
let csrfToken = "";

async function withCsrfToken(request) {
  const isWrite = !["GET", "HEAD"].includes((request.method || "GET").toUpperCase());
  if (isWrite && !request.headers.Authorization && new URL(request.url, origin).origin === origin) {
    if (!csrfToken) {
      const answer = await fetch(page.dataset.session);
      csrfToken = answer.ok ? (await answer.json()).csrf_token : "";
    }
    if (csrfToken) request.headers["X-CSRFToken"] = csrfToken;
  }
  return request;
}

window.SwaggerUIBundle({
  url: page.dataset.document,
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: withCsrfToken,
});
