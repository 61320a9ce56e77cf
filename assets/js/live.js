// What moves by itself on a page: progress that never runs backwards, clocks, the tab's title, the slow refresh.

// Only what a page sets: what painting itself sets must not paint again.
const WATCHED = ["data-percent", "data-key", "data-title", "data-at", "data-from", "data-expected"];
const reader = (name, paint) => customElements.define(name, class extends HTMLElement {
  connectedCallback() { this.watcher = new MutationObserver(() => paint(this)); this.watcher.observe(this, { attributes: true, attributeFilter: WATCHED }); paint(this); }
  disconnectedCallback() { this.watcher.disconnect(); }
});

// <steady-progress data-percent data-key data-text>: data-key names the run; within one run the bar only grows.
reader("steady-progress", (element) => {
  if (!element.firstElementChild) {
    element.innerHTML = `${element.hasAttribute("data-text") ? '<div class="big-percent" aria-hidden="true"><span></span><small>%</small></div>' : ""}<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><i></i></div>`;
  }
  const percent = Math.min(100, Math.max(0, Number(element.dataset.percent) || 0));
  const sameRun = element.run === element.dataset.key;
  element.reached = sameRun ? Math.max(element.reached, percent) : percent;
  element.run = element.dataset.key;
  const bar = element.querySelector(".bar");
  const whole = Math.round(element.reached);
  if (bar.getAttribute("aria-valuenow") === String(whole)) return;
  bar.setAttribute("aria-valuenow", whole);
  bar.setAttribute("aria-label", element.dataset.label || "Progress");
  bar.firstElementChild.style.width = `${element.reached}%`;
  const text = element.querySelector(".big-percent span");
  if (text) text.textContent = whole;
});

// <tab-title data-title data-percent>: what the browser's tab says while this is on the page.
reader("tab-title", (element) => {
  const { title, percent } = element.dataset;
  if (title) document.title = percent === undefined ? title : `${Math.round(Number(percent))} % · ${title}`;
});

export function seconds(value) {
  if (value < 1) return "under a second";
  if (value < 100) return `${Math.round(value)} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return `${Math.round(value / 3600)} h`;
}

function day(moment) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(moment)) / 86400000);
}

function said(moment) {
  const ago = (Date.now() - moment.getTime()) / 1000;
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (ago < 45) return "just now";
  if (ago < 3300) return `${Math.max(1, Math.round(ago / 60))} min ago`;
  if (day(moment) === 0) return `today ${clock}`;
  if (day(moment) === 1) return `yesterday ${clock}`;
  return moment.toLocaleDateString([], { day: "numeric", month: "short", year: moment.getFullYear() === new Date().getFullYear() ? undefined : "numeric" }) + ` ${clock}`;
}

// What is left by past runs of the recipe, and, once this run is some way, by how fast it goes itself: a picture may be
// many times larger than usual.
export function timeLeft(elapsed, expected, percent) {
  if (!Number.isFinite(elapsed) || !expected) return "";
  const usual = expected - elapsed;
  const own = percent >= 5 ? (elapsed * (100 - percent)) / percent : null;
  const left = own === null ? usual : usual > 0 ? (usual + own) / 2 : own;
  const late = elapsed > 2 * expected + 3;
  if (left < 1) return late ? "longer than usual" : "any moment now";
  return late ? `longer than usual, about ${seconds(left)}` : `about ${seconds(left)} left`;
}

const CLOCKS = {
  "when-it-was": (element) => {
    const moment = new Date(element.dataset.at);
    if (isNaN(moment)) return "";
    const exact = moment.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
    if (element.title !== exact) element.title = exact;
    return said(moment);
  },
  "elapsed-time": (element) => {
    const from = new Date(element.dataset.from);
    return isNaN(from) ? "" : seconds(Math.max(1, (Date.now() - from.getTime()) / 1000));
  },
  "time-left": (element) => {
    const { from, expected, percent } = element.dataset;
    return timeLeft((Date.now() - new Date(from).getTime()) / 1000, Number(expected), Number(percent));
  },
};
const tick = (element) => {
  const text = CLOCKS[element.localName](element);
  if (element.textContent !== text) element.textContent = text;
};
for (const name of Object.keys(CLOCKS)) reader(name, tick);
setInterval(() => document.querySelectorAll(Object.keys(CLOCKS).join(",")).forEach(tick), 1000);

// <button data-every="4000" hidden>: clicked by itself, so that a page whose updates got lost finds the truth again.
const lastClick = new WeakMap();
function pulse(now) {
  if (document.hidden) return;
  for (const button of document.querySelectorAll("button[data-every]")) {
    if (!lastClick.has(button)) lastClick.set(button, now);
    else if (now - lastClick.get(button) >= Number(button.dataset.every)) { lastClick.set(button, now); button.click(); }
  }
}
setInterval(() => pulse(performance.now()), 500);
document.addEventListener("visibilitychange", () => { if (!document.hidden) pulse(Infinity); });

// A quiet line while the server cannot be reached. Work goes on without this page.
let misses = 0;
async function check() {
  const line = document.querySelector(".offline");
  if (!line) return;
  try { misses = (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok ? 0 : misses + 1; } catch { misses += 1; }
  line.hidden = misses < 2;
}
setInterval(() => { if (misses || !navigator.onLine) check(); }, 2000);
setInterval(() => { if (!document.hidden) check(); }, 15000);
for (const name of ["online", "offline"]) window.addEventListener(name, () => { misses = name === "offline" ? 2 : misses; check(); });
