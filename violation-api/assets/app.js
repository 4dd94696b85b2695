// Live pictures, the clock, what is new, and updates when htmx is not there.
// The pages work without it.
"use strict";

const PICTURE_PAUSE_MS = 500;
const PICTURE_RETRY_MS = 3000;
const busy = new Set();

function isSeen(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
}

// Loads the next picture beside the one shown and puts it in its place whole: nothing flickers.
function refresh(img) {
  const address = img.dataset.live;
  if (busy.has(address) || !isSeen(img)) return;
  busy.add(address);
  const next = new Image(640, 360);
  next.alt = img.alt;
  next.dataset.live = address;
  next.onload = () => {
    const shown = document.querySelector(`img[data-live="${CSS.escape(address)}"]`);
    if (shown) shown.replaceWith(next);
    busy.delete(address);
  };
  next.onerror = () => {
    const shown = document.querySelector(`img[data-live="${CSS.escape(address)}"]`);
    if (shown) shown.classList.add("old");
    setTimeout(() => busy.delete(address), PICTURE_RETRY_MS);
  };
  next.src = `${address}?n=${Date.now()}`;
}

function refreshAll() {
  if (!document.hidden) document.querySelectorAll("img[data-live]").forEach(refresh);
}

function tick() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    const two = "2-digit";
    const options = {
      timeZone: clock.dataset.zone, hourCycle: "h23",
      day: two, month: two, year: "numeric", hour: two, minute: two, second: two,
    };
    try {
      // As everywhere on the pages: 21/11/2026 14:32:50.
      const format = new Intl.DateTimeFormat("en-GB", options);
      clock.textContent = format.format(new Date()).replace(",", "");
    } catch {
      clock.textContent = "";
    }
  }
}

// Marks rows that were not there a moment ago.
const known = new Set();
let isFirst = true;
function markNew() {
  for (const row of document.querySelectorAll("[data-new] > [id]")) {
    if (!known.has(row.id) && !isFirst) row.classList.add("new");
    known.add(row.id);
  }
  isFirst = false;
}

function setLost(isLost) {
  const notice = document.querySelector("[data-lost]");
  if (notice) notice.hidden = !isLost;
}

// What htmx and its extension for events do, for pages that have neither.
function listen(root) {
  const source = new EventSource(root.dataset.events);
  const names = new Set();
  const hear = () => {
    for (const target of root.querySelectorAll("[sse-swap]")) {
      const name = target.getAttribute("sse-swap");
      if (names.has(name)) continue;
      names.add(name);
      source.addEventListener(name, (event) => {
        const place = root.querySelector(`[sse-swap="${CSS.escape(name)}"]`);
        if (!place) return;
        const focused = document.activeElement && document.activeElement.id;
        place.innerHTML = event.data;
        if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
        hear();
        markNew();
      });
    }
  };
  hear();
  source.onopen = () => setLost(false);
  source.onerror = () => setLost(true);
}

markNew();
tick();
setInterval(tick, 1000);
setInterval(refreshAll, PICTURE_PAUSE_MS);
document.body.addEventListener("htmx:afterSwap", markNew);
document.body.addEventListener("htmx:sseMessage", markNew);
document.body.addEventListener("htmx:sseOpen", () => setLost(false));
document.body.addEventListener("htmx:sseError", () => setLost(true));
const root = document.querySelector("[data-events]");
if (root) listen(root);

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
