// Sign-in forms: says what went wrong, keeps the address typed, and leaves no page state to the next user.

const SENTENCES = {
  bad_credentials: "That e-mail and password do not match. Check both and try again.",
  rate_limited: "Too many tries. Wait a few minutes, then try again.",
  signup_closed: "This Creator takes no new accounts. Ask whoever runs it to add you.",
  setup_code_required: "The first account needs the set-up code that Creator printed when it started.",
  email_taken: "There is already an account with this e-mail. Log in instead.",
  conflict: "There is already an account with this e-mail. Log in instead.",
  invalid_input: "Use a real e-mail address and a password of at least 8 characters.",
  not_signed_in: "Log in to go on.",
  forbidden: "This request came from another site. Load the page again and try once more.",
};

customElements.define("form-error", class extends HTMLElement {
  connectedCallback() {
    const code = new URLSearchParams(location.search).get("error");
    if (!code || this.firstChild) return;
    const box = Object.assign(document.createElement("p"), { className: "notice bad", textContent: SENTENCES[code] || "That did not work. Try again." });
    box.setAttribute("role", "alert");
    this.append(box);
    const form = this.closest("form") || this.parentElement.querySelector("form");
    const typed = sessionStorage.getItem("creator.typed.email");
    const field = form?.querySelector("input[type=email]");
    if (field && typed && !field.value) { field.value = typed; form.querySelector("input[type=password]")?.focus(); }
  }
});

// Where to go afterwards travels along; only paths of this site.
customElements.define("next-page", class extends HTMLElement {
  connectedCallback() {
    const next = new URLSearchParams(location.search).get("next") || "";
    if (!/^\/(?![\/\\])/.test(next)) return;
    const field = this.closest("form")?.querySelector("input[name=next]");
    if (field) field.value = next;
    const other = document.querySelector("a[data-keeps-next]");
    if (other) other.href = `${other.getAttribute("href").split("?")[0]}?next=${encodeURIComponent(next)}`;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.('form[action^="/api/v1/auth/"]');
  if (!form) return;
  const email = form.querySelector("input[type=email]")?.value;
  sessionStorage.clear();  // the tab's Reflex token: what the page knew belongs to the former session
  if (email) sessionStorage.setItem("creator.typed.email", email);
  const button = form.querySelector("button[type=submit]");
  if (button) setTimeout(() => { button.disabled = true; }, 0);
});
window.addEventListener("pageshow", () => document.querySelectorAll('form[action^="/api/v1/auth/"] button[disabled]').forEach((button) => { button.disabled = false; }));
