#!/usr/bin/env python3
"""Works a lane's screen in headless Chromium, with the keyboard only, as a guard does.

  lane.py URL FOLDER

Started by a test, which is the gate: it says `ready` when the page is open and nobody is there, and
the test then lets a vehicle come. Ends with exit code 0 when all went well, 1 with a line that says
what did not, and 2 without Chromium. Pictures of the page are put into the folder.
"""

import base64
import importlib.machinery
import importlib.util
import pathlib
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
WAIT_S = 40
# A reason of one key each: the third is that somebody inside expects them.
KEY_ADMIT, KEY_REASON = "c", "3"
OPEN = "!!document.querySelector('details.act[open]')"
# At once after somebody has come, keys do nothing: they were meant for who was there before.
PRESS_AT_ONCE = """new MutationObserver((_changes, observer) => {
  if (!document.querySelector('.decide details.act')) return;
  observer.disconnect();
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'c', bubbles: true }));
  window.hasActedAtOnce = !!document.querySelector('details.act[open]');
}).observe(document.querySelector('[data-now]'), { childList: true });"""


def screenshot_module():
    """The driver of the pictures, which has the browser."""
    loader = importlib.machinery.SourceFileLoader("screenshot", str(ROOT / "scripts/screenshot"))
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Wrong(Exception):
    """The page is not as it should be."""


def until(browser, what, script):
    deadline = time.monotonic() + WAIT_S
    while not browser.value(script):
        if deadline < time.monotonic():
            raise Wrong(f"{what}: never so")
        time.sleep(0.02)


def press(browser, key):
    code = f"Digit{key}" if key.isdigit() else f"Key{key.upper()}"
    for kind in ["keyDown", "keyUp"]:
        text = {"text": key} if kind == "keyDown" else {}
        browser.tell("Input.dispatchKeyEvent", type=kind, key=key, code=code, **text)


def check_width(browser, url, folder):
    """Nothing is wider than the window, at the sizes and in the schemes that are asked for."""
    for size in [(1280, 800), (390, 844)]:
        for scheme in ["light", "dark"]:
            file = folder / f"lane-{size[0]}x{size[1]}-{scheme}.png"
            wrong = browser.take(url, size, scheme, file)
            if wrong:
                raise Wrong(f"at {size[0]}x{size[1]}, {scheme}: {wrong}")
            small = browser.value("""[...document.querySelectorAll(
                '.lane button, .lane summary, .lane input:not([type=hidden]):not([type=checkbox])'
              )].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
              .map(e => e.textContent || e.name).join(', ')""")
            if small:
                raise Wrong(f"smaller than 44 px at {size[0]}: {small}")


def work(browser, url, folder):
    browser.take(url, (1280, 800), "light", folder / "nobody-on-duty.png")
    browser.value("document.querySelector('#name').focus()")
    for letter in "can bao ve":
        press(browser, letter) if letter != " " else browser.tell(
            "Input.insertText", text=" ")
    if browser.value("document.querySelector('#name').value") != "can bao ve":
        raise Wrong("what is typed into a field does not stand in it")
    browser.value("document.querySelector('.sign').requestSubmit()")
    until(browser, "the guard is on duty", "document.body.innerText.includes('local/can bao ve')")
    browser.value("window.isSameVisit = true")
    if browser.value("!!document.querySelector('[data-passage]')"):
        raise Wrong("somebody is there already")
    press(browser, KEY_REASON)
    if browser.value(OPEN):
        raise Wrong("a digit alone opened a choice")
    until(browser, "the page listens", "performance.getEntriesByType('resource').length > 0")
    browser.value(PRESS_AT_ONCE)
    print("ready", flush=True)
    until(browser, "a vehicle is shown", "!!document.querySelector('.decide details.act')")
    if not browser.value("window.isSameVisit"):
        raise Wrong("the page was loaded anew and not told")
    if browser.value("window.hasActedAtOnce") is not False:
        raise Wrong("a key acted before anybody can have looked")
    deadline = time.monotonic() + WAIT_S
    while not browser.value("!!document.querySelector('.decide .act.good[open]')"):
        press(browser, KEY_ADMIT)
        if deadline < time.monotonic():
            raise Wrong("the choice does not open")
    picture = browser.tell("Page.captureScreenshot", format="png")["data"]
    (folder / "choice.png").write_bytes(base64.b64decode(picture))
    press(browser, KEY_REASON)
    until(browser, "the order is told", "document.body.innerText.includes('Đã gửi lệnh')")
    until(browser, "the gate's answer is shown",
          "document.body.innerText.includes('Đã được cho vào')")
    if browser.errors:
        raise Wrong(f"an error in a script: {browser.errors[0]}")
    check_width(browser, url, folder)


def main():
    url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    module = screenshot_module()
    program = next(filter(None, map(shutil.which, module.BROWSERS)), None)
    if program is None:
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = module.Browser(program, profile)
        try:
            work(browser, url, folder)
        except (Wrong, RuntimeError) as error:
            print(f"wrong: {error}", flush=True)
            return 1
        finally:
            browser.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
