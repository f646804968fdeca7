"""Opens pages in a Chromium without a window that reaches 127.0.0.1 and nothing else, and notes what goes wrong.

Playwright drives a Chromium or Chrome that is already on the machine. Its package brings the driver, and a browser of
its own is never installed, so nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Request, Response, TimeoutError, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSERS_ELSEWHERE = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
ARGUMENTS = (
    "--disable-gpu",
    "--no-sandbox",  # containers and root have no sandbox to offer, and only our own pages are opened
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
LOCAL = ("data:", "blob:", "about:")  # addresses that ask nobody
LOAD_LIMIT, FORMULA_LIMIT = 20.0, 10.0  # seconds that a page may take to load, and its formulas to be set after that
QUIET = 0.4  # seconds without a request after which a page counts as settled

# keeps its promise once MathJax has set the formulas and their fonts are there
TYPESET = """
() => Promise.resolve(window.MathJax && MathJax.startup && MathJax.startup.promise)
  .then(() => document.fonts.ready).then(() => true)
"""
SHOWN = """
() => {
  const formulas = [...document.querySelectorAll('.math')];
  const errors = [...document.querySelectorAll('mjx-merror, [data-mjx-error]')];
  const wide = document.documentElement.scrollWidth;
  // the innermost element of the text that reaches beyond the screen
  const all = [...document.querySelectorAll('article *')];
  const over = all.filter(e => e.getBoundingClientRect().right > innerWidth + 1);
  const last = over[over.length - 1];
  return {
    formulas: formulas.length,
    plain: formulas.filter(e => !e.querySelector('mjx-container')).length,
    failed: errors.length,
    message: errors.slice(0, 3).map(e => e.getAttribute('data-mjx-error') || e.textContent).join('; '),
    pictures: [...document.images].filter(e => e.complete && !e.naturalWidth && e.loading !== 'lazy').map(e => e.src),
    icons: document.querySelectorAll('svg[data-icon="circle-question"].fa-missing, svg .missing').length,
    wide: wide,
    widest: wide > innerWidth && last ? last.tagName.toLowerCase() + ' ' + last.textContent.trim().slice(0, 60) : '',
    theme: document.documentElement.dataset.theme || '',
  };
}
"""
# how many folded parts can be seen; those in a drawer that is closed cannot
FOLDED = "[...document.querySelectorAll('summary')].filter(e => e.checkVisibility({visibilityProperty: true})).length"
TO_THE_TOP = "() => { scrollTo(0, 0); document.activeElement.blur(); }"
# whether the focus is on a folded part for the first time, and whether it is open and shows what is in it
REACHED = """
() => {
  const e = document.activeElement;
  return e.tagName === 'SUMMARY' && !e.dataset.reached && Boolean(e.dataset.reached = 'yes');
}
"""
IS_OPEN = """
() => {
  const e = document.activeElement.parentElement, inside = [...e.children].filter(c => c.tagName !== 'SUMMARY');
  return e.open && inside.some(c => c.checkVisibility());
}
"""


@dataclass
class Visit:
    """What happened when the browser opened one page."""

    page: str
    mode: str
    width: int
    home: str = ""
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Browser:
    """A browser without a window that reaches 127.0.0.1 and nothing else.

    Raises:
        RuntimeError: it could not be started.
    """

    def __init__(self, program: str) -> None:
        self._playwright = sync_playwright().start()
        try:
            self._browser = self._playwright.chromium.launch(
                executable_path=program,
                args=ARGUMENTS,
                ignore_default_args=["--hide-scrollbars"],  # a reader's scroll bar takes width from the page
                timeout=30_000,
            )
            self._page = self._browser.new_page()
        except Error as error:
            self._playwright.stop()
            raise RuntimeError(f"{program} could not be started: {str(error).splitlines()[0]}") from error
        self._visit = Visit("about:blank", "light", 0)
        self._last_request = 0.0
        self._page.on("request", lambda request: self._note_address(request.url))
        self._page.on("websocket", lambda socket: self._note_address(socket.url))
        self._page.on("response", self._note_response)
        self._page.on("requestfinished", lambda _: self._note_time())
        self._page.on("requestfailed", self._note_failure)
        self._page.on("console", self._note_message)
        self._page.on("pageerror", self._note_error)

    def visit(self, url: str, name: str, mode: str, width: int, picture: Path | None = None) -> Visit:
        """Open a page in ``mode`` ``"light"`` or ``"dark"`` and note everything that goes wrong."""
        self._page.emulate_media(color_scheme=mode)
        self._page.set_viewport_size({"width": width, "height": 900})
        visit = self._visit = Visit(name, mode, width, home="{0.scheme}://{0.netloc}/".format(urlsplit(url)))
        self._open(url)
        self._note_looks()
        visit.problems = list(dict.fromkeys(visit.problems))
        if picture is not None:
            self._page.screenshot(path=picture)
        return visit

    def _open(self, url: str) -> None:
        """Go to a page and wait until it has loaded, its formulas are set and it has been quiet for `QUIET` seconds."""
        end = time.monotonic() + LOAD_LIMIT
        try:
            self._page.goto(url, timeout=1000 * LOAD_LIMIT)
        except TimeoutError:
            self._visit.problems.append(f"has not loaded after {LOAD_LIMIT:.0f} s")
        except Error as error:
            self._visit.problems.append(f"cannot be opened: {error.message.splitlines()[0]}")
        with suppress(TimeoutError):  # formulas that are not set by then are reported as such
            self._page.wait_for_function(TYPESET, timeout=1000 * FORMULA_LIMIT)
        self._note_time()
        while time.monotonic() < min(end, self._last_request + QUIET):
            self._page.wait_for_timeout(50)

    # --- what the browser reports ------------------------------------------------------------------------------------

    def _note_time(self) -> None:
        self._last_request = time.monotonic()

    def _note_address(self, url: str) -> None:
        self._note_time()
        self._visit.requests.append(url)
        if not url.startswith((self._visit.home, *LOCAL)):
            self._visit.problems.append(f"asks another host: {url}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self._visit.problems.append(f"{response.status} for {response.url.removeprefix(self._visit.home)}")

    def _note_failure(self, request: Request) -> None:
        self._note_time()
        if request.failure != "net::ERR_ABORTED":  # the page itself, or the next one, gave it up
            self._visit.problems.append(f"{request.failure} for {request.url.removeprefix(self._visit.home)}")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "assert"):
            return
        text = " ".join(message.text.split())[:200]
        if message.args:  # what a script says has arguments, what the browser says has none
            self._visit.problems.append(f"console error: {text}")
        elif not text.startswith("Failed to load resource"):  # noted as a response or a failure
            self._visit.problems.append(f"browser error: {text}")

    def _note_error(self, error: Error) -> None:
        text = f"{error.name}: {error.message}" if error.name else error.message
        self._visit.problems.append(f"script error: {text.splitlines()[0]}")

    # --- what the page shows -----------------------------------------------------------------------------------------

    def _note_looks(self) -> None:
        visit, shown = self._visit, self._page.evaluate(SHOWN)
        visit.problems += [f"picture not shown: {source}" for source in shown["pictures"]]
        if shown["plain"]:
            visit.problems.append(f"{shown['plain']} of {shown['formulas']} formulas are not typeset")
        if shown["failed"]:
            visit.problems.append(f"{shown['failed']} formulas hold an error: {shown['message']}")
        if shown["icons"]:
            visit.problems.append(f"{shown['icons']} icons are missing")
        if shown["wide"] > visit.width:
            visit.problems.append(f"is {shown['wide']} pixels wide on a screen of {visit.width}: {shown['widest']}")
        if shown["theme"] and shown["theme"] != visit.mode:
            visit.problems.append(f"shows itself {shown['theme']} to a reader who wants {visit.mode}")

    def n_folded(self) -> int:
        """How many folded parts can be seen."""
        return self._page.evaluate(FOLDED)

    def unfold(self, n_tabs: int = 600) -> list[str]:
        """Go through the page with the Tab key and open and close each folded part with Enter.

        Args:
            n_tabs: how often Tab is pressed at most.

        Returns:
            One line for each thing that does not work.
        """
        n_folded = self.n_folded()
        n_reached, n_stuck = 0, 0
        self._page.evaluate(TO_THE_TOP)
        for _ in range(n_tabs if n_folded else 0):
            self._page.keyboard.press("Tab")
            if not self._page.evaluate(REACHED):
                continue
            n_reached += 1
            states = [self._page.evaluate(IS_OPEN)]
            for _ in range(2):
                self._page.keyboard.press("Enter")
                states.append(self._page.evaluate(IS_OPEN))
            n_stuck += states not in ([False, True, False], [True, False, True])
            if n_reached == n_folded:
                break
        problems = []
        if n_reached < n_folded:
            problems.append(f"{n_folded - n_reached} of {n_folded} folded parts are not reached by Tab")
        if n_stuck:
            problems.append(f"{n_stuck} of {n_folded} folded parts do not open and close by Enter")
        return problems

    def close(self) -> None:
        """End the browser; Playwright removes its profile."""
        self._browser.close()
        self._playwright.stop()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_browser() -> str | None:
    """The path of a Chromium or Chrome; the environment variable CHROMIUM goes first."""
    name = os.environ.get("CHROMIUM")
    paths = map(shutil.which, [name] if name else [*BROWSERS, *BROWSERS_ELSEWHERE])
    return next((path for path in paths if path), None)
