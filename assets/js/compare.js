// <before-after data-before data-after data-label>: two pictures in one frame, told apart by a seam that is
// dragged, or moved by keys. Zoom and pan move both together.

const STEP = 2, BIG_STEP = 10, MAX_ZOOM = 8;
const ARROWS = '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m7 6-4 4 4 4M13 6l4 4-4 4"/></svg>';

class BeforeAfter extends HTMLElement {
  static observedAttributes = ["data-before", "data-after"];

  connectedCallback() {
    if (!this.box) this.build();
    this.watcher = new ResizeObserver(() => this.layout());
    this.watcher.observe(this.box);
  }

  disconnectedCallback() { this.watcher?.disconnect(); }

  attributeChangedCallback(name, old, value) {
    if (this.box && old !== value) this.load();
  }

  build() {
    this.at = 50; this.zoom = 1; this.pan = [0, 0]; this.fit = "cover";
    const name = this.dataset.label || "the picture";
    this.innerHTML = `<div class="compare plain">
      <div class="layer"><div class="frame mine"><img class="after" alt="" draggable="false"></div></div>
      <div class="layer top"><div class="frame mine"><img class="before" alt="" draggable="false"></div></div>
      <span class="tag b">Before</span><span class="tag a">After</span>
      <div class="seam"></div>
      <button class="grip" type="button" role="slider" aria-label="Compare before and after" aria-orientation="horizontal" aria-valuemin="0" aria-valuemax="100">${ARROWS}</button>
      <div class="zoom" role="group" aria-label="Zoom"><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="fit" title="Show the whole picture">100 %</button><button type="button" data-zoom="in" aria-label="Zoom in">+</button></div>
    </div>`;
    this.box = this.firstElementChild;
    this.grip = this.querySelector(".grip");
    [this.after, this.before] = [this.querySelector(".after"), this.querySelector(".before")];
    this.after.alt = `After: ${name}`; this.before.alt = `Before: ${name}`;
    if (this.hasAttribute("data-still")) this.querySelector(".zoom").hidden = true;
    this.listen();
    this.load();
  }

  load() {
    const ready = () => { this.fit = betterFit(this.before, this.after); this.layout(); };
    this.after.onload = this.before.onload = ready;
    if (this.dataset.after) this.after.src = this.dataset.after;
    if (this.dataset.before) this.before.src = this.dataset.before;
    this.before.decoding = this.after.decoding = "async";
    this.layout();
  }

  listen() {
    this.grip.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("pointerdown", (event) => this.press(event));
    this.box.addEventListener("dblclick", (event) => { if (!event.target.closest("button")) this.zoomTo(this.zoom > 1 ? 1 : 2.5, event); });
    this.box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey || this.hasAttribute("data-still")) return;
      event.preventDefault();
      this.zoomTo(this.zoom * Math.exp(-event.deltaY / 200), event);
    }, { passive: false });
    this.querySelector(".zoom").addEventListener("click", (event) => {
      const way = event.target.closest("button")?.dataset.zoom;
      if (way) this.zoomTo(way === "fit" ? 1 : way === "in" ? this.zoom * 1.5 : this.zoom / 1.5);
    });
  }

  key(event) {
    const step = event.shiftKey ? BIG_STEP : STEP;
    const to = { ArrowLeft: this.at - step, ArrowDown: this.at - step, ArrowRight: this.at + step, ArrowUp: this.at + step,
      PageDown: this.at - BIG_STEP, PageUp: this.at + BIG_STEP, Home: 0, End: 100 }[event.key];
    if (to !== undefined) this.move(to);
    else if (event.key === "+" || event.key === "=") this.zoomTo(this.zoom * 1.5);
    else if (event.key === "-") this.zoomTo(this.zoom / 1.5);
    else if (event.key === "0") this.zoomTo(1);
    else return;
    event.preventDefault();
  }

  press(event) {
    if (event.button !== 0 || event.target.closest(".zoom")) return;
    const onGrip = Boolean(event.target.closest(".grip"));
    const panning = this.zoom > 1 && !onGrip;
    const from = [event.clientX - this.pan[0], event.clientY - this.pan[1]];
    const follow = (move) => {
      if (panning) { this.pan = [move.clientX - from[0], move.clientY - from[1]]; this.layout(); }
      else this.move(this.share(move.clientX));
    };
    if (!panning && event.pointerType !== "touch") follow(event);
    if (onGrip || event.pointerType !== "touch") event.preventDefault();
    if (!panning) this.grip.focus({ preventScroll: true });
    this.box.setPointerCapture(event.pointerId);
    this.box.classList.toggle("moving", panning);
    const stop = () => { this.box.classList.remove("moving"); this.box.removeEventListener("pointermove", follow); };
    this.box.addEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) this.box.addEventListener(end, stop, { once: true });
  }

  share(clientX) {
    const { left, width } = this.box.getBoundingClientRect();
    const [x, , w] = this.place;
    return ((clientX - left - x) / (w || width)) * 100;
  }

  move(to) {
    this.at = Math.min(100, Math.max(0, to));
    this.paintSeam();
  }

  zoomTo(zoom, around) {
    const next = Math.min(MAX_ZOOM, Math.max(1, zoom));
    const rect = this.box.getBoundingClientRect();
    const [cx, cy] = around ? [around.clientX - rect.left - this.place[0], around.clientY - rect.top - this.place[1]]
      : [this.place[2] / 2, this.place[3] / 2];
    const ratio = next / this.zoom;
    this.pan = [cx - (cx - this.pan[0]) * ratio, cy - (cy - this.pan[1]) * ratio];
    this.zoom = next;
    this.layout();
  }

  // Where the result lies in the box, in pixels: x, y, width, height.
  layout() {
    const [W, H] = [this.box.clientWidth, this.box.clientHeight];
    const [w, h] = [this.after.naturalWidth || 16, this.after.naturalHeight || 9];
    const scale = this.hasAttribute("data-fill") ? Math.max(W / w, H / h) : Math.min(W / w, H / h);
    const whole = [(W - w * scale) / 2, (H - h * scale) / 2, w * scale, h * scale];
    this.place = [Math.max(0, whole[0]), Math.max(0, whole[1]), Math.min(W, whole[2]), Math.min(H, whole[3])];
    const slack = (size) => size * (1 - this.zoom);
    this.pan = this.pan.map((value, axis) => Math.min(0, Math.max(slack(whole[2 + axis]), value)));
    for (const frame of this.querySelectorAll(".frame")) {
      frame.style.cssText = `left:${whole[0] + this.pan[0]}px;top:${whole[1] + this.pan[1]}px;width:${whole[2] * this.zoom}px;height:${whole[3] * this.zoom}px`;
    }
    this.after.style.objectFit = "fill";
    this.before.style.objectFit = this.fit;
    this.box.classList.toggle("zoomed", this.zoom > 1);
    this.querySelector("[data-zoom=fit]").textContent = `${Math.round(this.zoom * 100)} %`;
    this.paintSeam();
  }

  paintSeam() {
    const x = this.place[0] + (this.place[2] * this.at) / 100;
    this.querySelector(".top").style.clipPath = `inset(0 ${this.box.clientWidth - x}px 0 0)`;
    this.querySelector(".seam").style.left = `${x}px`;
    this.grip.style.left = `${Math.min(this.box.clientWidth - 26, Math.max(26, x))}px`;  // never out of reach
    this.querySelector(".tag.b").style.opacity = this.at > 14 ? 1 : 0;
    this.querySelector(".tag.a").style.opacity = this.at < 86 ? 1 : 0;
    this.grip.setAttribute("aria-valuenow", Math.round(this.at));
    this.grip.setAttribute("aria-valuetext", `${Math.round(this.at)} percent before, ${100 - Math.round(this.at)} percent after`);
  }
}

// A result is either cut out of the picture or has the whole of it inside: the one that lies closer is shown.
function betterFit(before, after) {
  if (!before.naturalWidth || !after.naturalWidth) return "cover";
  if (Math.abs(before.naturalWidth / before.naturalHeight - after.naturalWidth / after.naturalHeight) < 0.01) return "fill";
  try {
    const goal = sample(after, after.naturalWidth / after.naturalHeight, "fill");
    const apart = (way) => sample(before, after.naturalWidth / after.naturalHeight, way).reduce((sum, value, i) => sum + Math.abs(value - goal[i]), 0);
    return apart("contain") < apart("cover") ? "contain" : "cover";
  } catch { return "contain"; }
}

function sample(image, ratio, way) {
  const height = 32, width = Math.max(8, Math.round(height * ratio));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  const [w, h] = [image.naturalWidth, image.naturalHeight];
  const scale = way === "contain" ? Math.min(width / w, height / h) : Math.max(width / w, height / h);
  if (way === "fill") paper.drawImage(image, 0, 0, width, height);
  else paper.drawImage(image, (width - w * scale) / 2, (height - h * scale) / 2, w * scale, h * scale);
  return paper.getImageData(0, 0, width, height).data;
}

// Example pairs on cards: pictures of one shape fill their halves, others are shown whole, for the shape is the point.
function fitPair(pair) {
  const [a, b] = [...pair.querySelectorAll("img")].map((image) => image.naturalWidth / image.naturalHeight);
  if (a && b) pair.classList.toggle("whole", Math.abs(a - b) > 0.02);
}
document.addEventListener("load", (event) => { const pair = event.target.closest?.(".pair"); if (pair) fitPair(pair); }, true);
document.querySelectorAll(".pair").forEach(fitPair);

customElements.define("before-after", BeforeAfter);
