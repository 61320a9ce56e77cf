// The form of a new job: keeps a draft of what was typed, sends each picture as a job of its own with a progress
// bar, and shows what the server says where it belongs. It needs nothing but the REST interface.

import { made } from "./drop.js";

const AT_ONCE = 3;
const draftKey = (form) => `creator.draft.${form.dataset.recipe}`;

function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();  // only there in secure contexts
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
  return [...b].map((x, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + x.toString(16).padStart(2, "0")).join("");
}

export function goTo(path) {
  const router = window.__reactRouterDataRouter;
  if (router) router.navigate(path); else window.location.assign(path);
}

const fields = (form) => [...form.elements].filter((field) => field.name && field.type !== "file");

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.value === "") return undefined;
  return ["integer", "number", "seed"].includes(field.dataset.kind) ? Number(field.value) : field.value;
}

function valuesOf(form) {
  const values = {};
  for (const field of fields(form)) if (valueOf(field) !== undefined) values[field.name] = valueOf(field);
  return values;
}

function fill(form, values) {
  for (const field of fields(form)) {
    if (!(field.name in values)) continue;
    if (field.type === "checkbox") field.checked = Boolean(values[field.name]);
    else field.value = values[field.name] ?? "";
  }
}

// --- drafts ---------------------------------------------------------------------------------------------------------
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-recipe]");
  if (form) try { localStorage.setItem(draftKey(form), JSON.stringify(valuesOf(form))); } catch { /* a full or closed store: no draft */ }
});

customElements.define("job-form", class extends HTMLElement {
  connectedCallback() { queueMicrotask(() => this.begin()); }

  async begin() {
    const form = this.querySelector("form[data-recipe]");
    if (!form || form.begun) return;
    form.begun = true;
    const again = new URLSearchParams(location.search).get("from");
    if (again) return this.useAgain(form, again);
    try { fill(form, JSON.parse(localStorage.getItem(draftKey(form)) || "{}")); } catch { /* an unreadable draft is none */ }
  }

  // "Use again": the settings and the picture of an earlier job.
  async useAgain(form, id) {
    const answer = await fetch(`/api/v1/jobs/${encodeURIComponent(id)}`);
    if (!answer.ok) return;
    const job = await answer.json();
    fill(form, job.inputs);
    for (const zone of form.querySelectorAll("drop-zone")) {
      const picture = await fetch(`/api/v1/jobs/${encodeURIComponent(id)}/inputs/${zone.dataset.name}`);
      if (!picture.ok) continue;
      const name = job.inputs[zone.dataset.name]?.filename || "picture";
      zone.clear();
      zone.add([new File([await picture.blob()], name, { type: picture.headers.get("content-type") || "" })]);
    }
  }
});

// --- sending --------------------------------------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-recipe]");
  if (!form) return;
  event.preventDefault();
  if (!form.sending) send(form);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector("form[data-recipe]")?.requestSubmit();
});

async function send(form) {
  clear(form);
  const zones = [...form.querySelectorAll("drop-zone")];
  const missing = zones.find((zone) => zone.dataset.required === "true" && !zone.files.length);
  if (missing?.primary) return say(form, "Choose a picture first.", "Drop one anywhere on this page, or try the sample picture.");
  if (missing) return say(form, `Something is missing: ${missing.dataset.label}.`, "Drop it in its place, or try the sample.");
  const primary = zones.find((zone) => zone.primary);
  const others = zones.filter((zone) => zone !== primary && zone.files.length).map((zone) => [zone.dataset.name, zone.files[0]]);
  busy(form, true);
  const queue = primary?.files.length ? [...primary.files] : [null];
  const done = [];
  const work = async () => { for (let file = queue.shift(); file !== undefined; file = queue.shift()) done.push(await sendOne(form, primary, file, others)); };
  const total = queue.length;
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, work));
  busy(form, false);
  finish(form, primary, done);
}

async function sendOne(form, zone, file, others) {
  const values = valuesOf(form);
  // The key belongs to this very request: sending the same again after a lost answer makes no second job.
  const print = JSON.stringify(values);
  form.keys ||= new Map();
  const known = form.keys.get(file);
  const key = known?.print === print ? known.key : uuid();
  form.keys.set(file, { print, key });
  const body = new FormData();
  body.set("recipe", form.dataset.recipe);
  body.set("inputs", print);
  if (file) body.set(zone.dataset.name, file, file.name);
  for (const [name, other] of others) body.set(name, other, other.name);
  const tile = file && [...zone.querySelectorAll("li")].find((item) => item.file === file);
  return { file, tile, ...(await post(body, key, bar(tile || form.querySelector("[data-sending]")))) };
}

function post(body, key, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/jobs");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    request.onloadend = () => {
      progress(null);
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* not from Creator: treated as unreachable */ }
      resolve({ status: request.status, answer });
    };
    request.send(body);
  });
}

function bar(place) {
  if (!place) return () => {};
  const line = made("div", { className: "sending" });
  line.append(made("i"));
  place.append(line);
  return (share) => { if (share === null) line.remove(); else line.firstChild.style.width = `${Math.round(share * 100)}%`; };
}

function finish(form, zone, done) {
  const sent = done.filter((one) => one.status === 202 || one.status === 200);
  const failed = done.filter((one) => !sent.includes(one));
  if (failed.some((one) => one.status === 401)) return window.location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  if (!failed.length) {
    try { localStorage.removeItem(draftKey(form)); } catch { /* nothing to forget */ }
    form.querySelectorAll("drop-zone").forEach((each) => each.clear());
    return goTo(sent.length === 1 ? `/jobs/${sent[0].answer.id}` : "/jobs");
  }
  for (const one of sent) zone?.remove(one.file);
  for (const one of failed) explain(form, zone, one, done.length > 1);
  const errors = failed.map(errorOf);
  const alike = errors.every((error) => error.message === errors[0].message);
  if (sent.length) partly(form, sent.length, failed.length);
  else say(form, alike ? errors[0].message : "None of these could be sent.", alike ? errors[0].hint || "" : "Each says why.");
}

function partly(form, sent, failed) {
  const box = say(form, `${sent} of ${sent + failed} ${sent === 1 ? "is" : "are"} on ${sent === 1 ? "its" : "their"} way.`, failed === 1 ? "This one is left, and says why. " : `These ${failed} are left; each says why. `);
  const link = made("a", { href: "/jobs", textContent: sent === 1 ? "See the job" : "See the jobs" });
  link.addEventListener("click", (event) => { event.preventDefault(); goTo("/jobs"); });
  box.append(link);
}

function errorOf({ status, answer }) {
  if (answer?.error?.message) return answer.error;
  return { message: "Creator did not answer.", hint: status ? "Try again in a moment." : "Check your connection, then press Create again. Nothing is sent twice." };
}

function explain(form, zone, failure, several) {
  const error = errorOf(failure);
  // Of several pictures each says on its own tile what is wrong with it.
  for (const [name, text] of Object.entries(error.fields || {})) if (!several || name !== zone?.dataset.name) mark(form, name, text);
  // Removing what was sent has drawn the others anew: look for the tile now, not before.
  const tile = zone && [...zone.querySelectorAll("li")].find((item) => item.file === failure.file);
  if (tile && several) tile.querySelector(".wrong").textContent = error.message;
}

function mark(form, name, text) {
  const place = form.querySelector(`[data-error-for="${CSS.escape(name)}"]`);
  if (place) { place.textContent = text; place.closest("details")?.setAttribute("open", ""); }
  const field = form.elements.namedItem(name);
  if (field?.setAttribute) { field.setAttribute("aria-invalid", "true"); field.focus?.(); }
}

function say(form, message, hint) {
  const place = form.querySelector("[data-says]");
  const box = made("div", { className: "notice bad", role: "alert" });
  box.append(made("strong", { textContent: message }), hint);
  place.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
  return box;
}

function clear(form) {
  form.querySelectorAll("[data-error-for]").forEach((place) => { place.textContent = ""; });
  form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  form.querySelector("[data-says]")?.replaceChildren();
}

function busy(form, on) {
  form.sending = on;
  const button = form.querySelector("button[type=submit]");
  button.disabled = on;
  button.dataset.text ||= button.textContent;
  button.textContent = on ? "Sending…" : button.dataset.text;
}
