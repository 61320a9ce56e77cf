// <drop-zone data-name data-label data-required data-primary data-sample>: takes pictures by drop (anywhere on the
// page for the primary one), paste or the file dialog, and keeps them for the form. Files wait in `waiting` while
// somebody who dropped a picture first chooses a recipe.

export let waiting = [];
// A page that is drawn anew (the server forgot it, or a way back) finds its pictures again.
const chosen = new Map();
const TYPES = "image/*,.heic,.heif";
const MAX_FILES = 200;
const canDrop = matchMedia("(any-pointer: fine)");
const ICONS = {
  picture: '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect x="3" y="3" width="18" height="18" rx="3"/><circle cx="9" cy="9" r="1.75"/><path d="m21 15.5-4.5-4.5L6 21"/></svg>',
  cross: '<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" aria-hidden="true"><path d="m4 4 8 8M12 4l-8 8"/></svg>',
};

export const keep = (files) => { waiting = files; document.dispatchEvent(new CustomEvent("files-waiting")); };

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

class DropZone extends HTMLElement {
  connectedCallback() {
    if (this.box) return;
    this.place = `${location.pathname} ${this.dataset.name}`;
    this.files = chosen.get(this.place) || [];
    this.urls = new Map();
    this.primary = this.multiple = this.dataset.primary === "true";
    this.id ||= `zone-${this.dataset.name}`;
    this.innerHTML = `<div class="drop"></div><input type="file" class="hidden-visually" tabindex="-1" accept="${TYPES}" ${this.multiple ? "multiple" : ""}>`;
    [this.box, this.input] = this.children;
    this.input.setAttribute("aria-label", this.dataset.label || "Picture");
    this.input.addEventListener("change", () => { this.add([...this.input.files]); this.input.value = ""; });
    this.addEventListener("click", (event) => this.clicked(event));
    this.paint();
    if (waiting.length && this.primary) { this.files = []; this.add(waiting); keep([]); }
  }

  add(files) {
    const pictures = files.filter(looksLikeAPicture);
    this.refused = files.length - pictures.length;
    this.files = this.multiple ? [...this.files, ...pictures].slice(0, MAX_FILES) : pictures.slice(-1).concat(this.files).slice(0, 1);
    this.paint();
    this.dispatchEvent(new CustomEvent("files", { bubbles: true }));
  }

  clear() { this.files = []; this.paint(); }

  remove(file) { this.files = this.files.filter((one) => one !== file); this.paint(); this.dispatchEvent(new CustomEvent("files", { bubbles: true })); }

  async clicked(event) {
    const act = event.target.closest("[data-act]");
    if (!act) return;
    if (act.dataset.act === "choose") this.input.click();
    if (act.dataset.act === "remove") { this.remove(act.closest("li").file); this.querySelector("[data-act=choose]")?.focus(); }
    if (act.dataset.act === "sample") {
      const answer = await fetch(this.dataset.sample);
      if (answer.ok) this.add([new File([await answer.blob()], this.dataset.sample.split("/").pop(), { type: answer.headers.get("content-type") || "image/jpeg" })]);
    }
  }

  paint() {
    chosen.set(this.place, this.files);
    this.box.className = `drop${this.files.length ? " filled" : ""}${this.primary ? "" : " slim"}`;
    for (const [file, url] of this.urls) if (!this.files.includes(file)) { URL.revokeObjectURL(url); this.urls.delete(file); }
    this.box.replaceChildren(...(this.files.length ? this.full() : this.empty()));
    if (this.refused) this.box.append(made("p", { className: "wrong", role: "alert", textContent: this.refused === 1 ? "One file was left out: it is not a picture." : `${this.refused} files were left out: they are not pictures.` }));
  }

  empty() {
    const sign = made("span"); sign.innerHTML = ICONS.picture;
    const words = !canDrop.matches ? `Add your picture${this.multiple ? "s" : ""}` : this.multiple ? "Drop pictures anywhere on this page" : "Drop a picture here";
    const most = `up to 100 MB${this.dataset.megapixels ? ` and ${this.dataset.megapixels} megapixels` : ""}`;
    const parts = [sign, made("p", { innerHTML: `<strong>${words}</strong>` }),
      made("p", { className: "quiet small", textContent: `JPEG, PNG, WebP or HEIC, ${most}${this.multiple ? " each. Several at once become a job each." : "."}` })];
    const row = made("div", { className: "row" });
    row.append(act("choose", "button", this.multiple ? "Choose pictures" : "Choose a picture"));
    if (this.dataset.sample) row.append(act("sample", "button plain", "Use a sample picture"));
    return [...parts, row];
  }

  full() {
    const list = made("ul", { className: `picked${this.files.length === 1 ? " single" : ""}` });
    list.append(...this.files.map((file) => this.tile(file)));
    const row = made("div", { className: "row" });
    row.append(act("choose", "button plain", this.multiple ? "Add more" : "Choose another"));
    return [list, row];
  }

  tile(file) {
    const item = made("li"); item.file = file;
    const pic = made("div", { className: "pic" });
    if (!this.urls.has(file)) this.urls.set(file, URL.createObjectURL(file));
    const image = made("img", { src: this.urls.get(file), alt: "" });
    image.addEventListener("error", () => image.replaceWith(made("span", { textContent: file.size ? "No preview for this type" : "This file is empty" })), { once: true });
    pic.append(image);
    const cross = made("button", { type: "button", className: "drop-it", innerHTML: ICONS.cross });
    cross.dataset.act = "remove"; cross.setAttribute("aria-label", `Remove ${file.name}`);
    const line = made("div", { className: "line" });
    line.append(made("span", { className: "name", textContent: file.name, title: file.name }), made("span", { className: "quiet tiny numbers", textContent: size(file.size) }));
    item.append(pic, line, made("p", { className: "wrong", role: "alert" }), cross);
    return item;
  }
}

// Unknown types pass: the server looks inside the file and says what is wrong with it.
function looksLikeAPicture(file) {
  return !file.type || file.type.startsWith("image/") || /\.(jpe?g|png|webp|gif|tiff?|bmp|hei[cf]|avif)$/i.test(file.name);
}

export function made(tag, props = {}) {
  const { role, ...rest } = props;
  const element = Object.assign(document.createElement(tag), rest);
  if (role) element.setAttribute("role", role);
  return element;
}

function act(name, className, text) {
  const button = made("button", { type: "button", className: className.startsWith("button") ? className : `button ${className}`, textContent: text });
  button.dataset.act = name;
  return button;
}

customElements.define("drop-zone", DropZone);

// --- the whole page accepts ----------------------------------------------------------------------------------------
const primary = () => document.querySelector('drop-zone[data-primary="true"]');
const takesFiles = () => primary() || document.querySelector("[data-takes-files]");
const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
let depth = 0;

function over(on) {
  document.documentElement.classList.toggle("page-over", on);
  primary()?.box.classList.toggle("over", on);
}

document.addEventListener("dragenter", (event) => { if (carriesFiles(event) && takesFiles()) { depth += 1; over(true); } });
document.addEventListener("dragleave", (event) => { if (carriesFiles(event) && takesFiles() && --depth <= 0) { depth = 0; over(false); } });
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.querySelectorAll(".card.aimed").forEach((card) => card.classList.remove("aimed"));
  event.target.closest?.(".card")?.classList.add("aimed");
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0; over(false);
  document.querySelectorAll(".card.aimed").forEach((card) => card.classList.remove("aimed"));
  take([...event.dataTransfer.files], event.target);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])];
  if (files.length && takesFiles()) { event.preventDefault(); take(files, event.target); }
});

function take(files, target) {
  const zone = target.closest?.("drop-zone") || primary();
  if (zone) return zone.add(files);
  if (!document.querySelector("[data-takes-files]")) return;
  keep(files.filter(looksLikeAPicture));
  target.closest?.("a.card")?.click();
}

// <waiting-files>: on the page of recipes, says that pictures wait for a choice.
customElements.define("waiting-files", class extends HTMLElement {
  connectedCallback() { this.paint = () => this.show(); document.addEventListener("files-waiting", this.paint); this.show(); }
  disconnectedCallback() { document.removeEventListener("files-waiting", this.paint); }
  show() {
    this.replaceChildren();
    if (!waiting.length) return;
    const box = made("p", { className: "notice", role: "status" });
    box.append(made("strong", { textContent: waiting.length === 1 ? `${waiting[0].name} is ready.` : `${waiting.length} pictures are ready.` }), "Now choose what to make of it.");
    if (waiting.length > 1) box.lastChild.textContent = "Now choose what to make of them.";
    this.append(box);
  }
});
