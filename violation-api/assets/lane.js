// The keys of the guard's screen, and the time that is left. The page works without it.
"use strict";

// After somebody else has come onto the screen, keys do nothing for so long: whoever presses one
// meant the one before.
const SETTLE_MS = 700;
const KEYS_OFF = "lane-keys-off";
const lane = document.querySelector("[data-lane]");
const keys = document.querySelector("[data-keys]");
let shown = "";
let shownAt = 0;

function isTyping(element) {
  const fields = "input:not([type=checkbox]), select, textarea";
  return element.isContentEditable || element.matches(fields);
}

function openAct() {
  return lane.querySelector("details.act[open]");
}

// Opens one choice; the others close, also where the browser does not do it.
function choose(act) {
  for (const other of lane.querySelectorAll("details.act[open]")) {
    if (other !== act) other.open = false;
  }
  act.open = true;
  const first = act.querySelector(".reasons button");
  if (first) first.focus();
  act.scrollIntoView({ block: "nearest" });
}

function close(act) {
  act.open = false;
  act.querySelector("summary").focus();
}

function isSettled(act) {
  return !act.closest("[data-now]") || SETTLE_MS < performance.now() - shownAt;
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  const act = openAct();
  if (event.key === "Escape" && act) {
    close(act);
    event.preventDefault();
    return;
  }
  if (!keys.checked || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (/^[0-9]$/.test(key)) {
    const target = act && act.querySelector(`[data-key="${key}"]`);
    if (!target || !isSettled(act)) return;
    event.preventDefault();
    if (target.matches("input")) target.focus();
    else target.click();
    return;
  }
  if (key === "b" || key === "n") {
    const note = lane.querySelector("[data-note]");
    if (note) note.click();
    return;
  }
  const wanted = lane.querySelector(`details.act[data-act~="${CSS.escape(key)}"]`);
  if (!wanted || !isSettled(wanted)) return;
  event.preventDefault();
  choose(wanted);
}

// Notes when another passage stands on the screen.
function look() {
  const who = lane.querySelector("[data-passage]");
  const now = who ? who.dataset.passage : "";
  if (now !== shown) {
    shown = now;
    shownAt = performance.now();
  }
  document.title = document.title.replace(/^● /, "");
  if (who && lane.querySelector(".decide")) document.title = `● ${document.title}`;
}

function count() {
  for (const left of lane.querySelectorAll("[data-until]")) {
    const seconds = Math.max(0, Math.round((Number(left.dataset.until) - Date.now()) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    left.querySelector("[data-left]").textContent = text;
  }
}

try {
  keys.checked = localStorage.getItem(KEYS_OFF) === null;
} catch {
  keys.checked = true;
}
keys.addEventListener("change", () => {
  try {
    if (keys.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "yes");
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
});
document.addEventListener("keydown", onKey);
new MutationObserver(() => {
  look();
  count();
}).observe(lane.querySelector("[data-now]"), { childList: true });
look();
shownAt = -SETTLE_MS;
count();
setInterval(count, 1000);
// What was told of a form is not told again when the page is loaded anew.
if (lane.querySelector("[data-told]")) history.replaceState(null, "", location.pathname);
