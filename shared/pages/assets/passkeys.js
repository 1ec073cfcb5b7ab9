// The ceremonies of Web Authentication, for the forms that need one. A form says which (`data-passkey`) and what the browser is
// asked for (`data-options`); its field `answer` carries the answer. Nothing is sent but the form, and nothing is kept.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function read(options) {
  const named = (list) => list.map((one) => ({ ...one, id: bytes(one.id) }));
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) read.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) read.allowCredentials = named(options.allowCredentials);
  return read;
}

function written(credential) {
  const response = {};
  for (const field of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[field]) response[field] = text(credential.response[field]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

function prepare(form) {
  const ceremony = form.dataset.passkey;
  const publicKey = read(JSON.parse(form.dataset.options));
  const show = (what) => {
    for (const element of form.querySelectorAll("[data-when]")) {
      if (element.dataset.when !== "ready") element.hidden = element.dataset.when !== what;
      else if (what === "ready") element.hidden = false;
    }
  };
  const send = (credential) => {
    form.elements.answer.value = written(credential);
    form.submit();
  };
  let offered = new AbortController();
  // The browser offers passkeys where a user name is typed, and waits there for as long as the page is open. After a sign-in that
  // failed it offers none by itself: the page says what happened, and the person what is next.
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const request = { publicKey, mediation: "conditional", signal: offered.signal };
    await navigator.credentials.get(request).then(send, () => {});
  };

  if (!window.PublicKeyCredential) {
    show("unsupported");
    return;
  }
  show("ready");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    offered.abort();
    offered = new AbortController();
    show("none");
    const request = { publicKey, signal: offered.signal };
    navigator.credentials[ceremony](request).then(send, (error) => {
      show(error.name === "InvalidStateError" ? "known" : "failed");
    });
  });
  if (ceremony === "get" && document.querySelector("[autocomplete~=webauthn]")) offer();
}

document.querySelectorAll("form[data-passkey]").forEach(prepare);
