// Keys of the visitors' list, and printing a pass. The pages work without it.
"use strict";

function isTyping(element) {
  return element && ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}

// From one visitor to the next: the links in the order in which they stand.
function move(by) {
  const links = [...document.querySelectorAll(".visits .open")];
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const walkIn = document.getElementById("walk-in");
  if (event.key === "/") {
    document.getElementById("q")?.focus();
  } else if (event.key === "n" && walkIn) {
    walkIn.open = true;
    walkIn.querySelector("input[name=name]").focus();
  } else if (event.key === "ArrowDown") {
    move(1);
  } else if (event.key === "ArrowUp") {
    move(-1);
  } else {
    return;
  }
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
