// Loads the page's small elements. Each works by itself and knows nothing of Reflex.
import "./js/compare.js";
import "./js/live.js";
import "./js/drop.js";
import "./js/submit.js";
import "./js/account.js";
import "./js/words.js";
