// <text-result data-src>: a result that is a text, to read and to copy. It is shown as words, whatever is written in it.

const MOST = 100_000;

async function read(element) {
  const words = element.querySelector("pre");
  try {
    const answer = await fetch(element.dataset.src);
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    words.textContent = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
    element.querySelector("button").hidden = !navigator.clipboard;
    element.whole = text;
  } catch { words.textContent = "It can’t be shown just now. Downloading it may work."; }
}

customElements.define("text-result", class extends HTMLElement {
  connectedCallback() {
    this.innerHTML = '<pre tabindex="0" aria-label="Result"></pre><button type="button" class="button" hidden>Copy</button>';
    const button = this.querySelector("button");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.whole);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    this.watcher = new MutationObserver(() => read(this));
    this.watcher.observe(this, { attributes: true, attributeFilter: ["data-src"] });
    read(this);
  }
  disconnectedCallback() { this.watcher.disconnect(); }
});
