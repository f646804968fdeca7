"""Checks the built site twice: by reading its files, and by opening every page in a browser that reaches nothing else.

Reading finds what a page would load from another host, files that are missing, pictures without a description and
heavy pages. The browser finds what only shows when scripts run: requests, missing files, errors in the console,
formulas that stay plain text, pages wider than a phone, and folded parts that the keyboard does not open. It is
Chromium or Chrome without a window, spoken to over its DevTools socket; where none is found that half is skipped, with
a line that says so.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from book.tools.serve import serving

ROOT = Path(__file__).parents[2]
PAGE_LIMIT = 1_500_000  # bytes that one page may load, text compressed as web servers do
TEXT = {".html", ".css", ".js", ".json", ".svg", ".txt", ".xml", ".inv"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSERS_ELSEWHERE = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# <link> elements that make a browser fetch or contact something; rel="next" and the like do not
LOADING = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
SOURCES = {
    "script": ["src"], "img": ["src", "srcset"], "source": ["src", "srcset"], "video": ["src", "poster"],
    "audio": ["src"], "iframe": ["src"], "embed": ["src"], "object": ["data"], "track": ["src"], "input": ["src"],
}  # fmt: skip
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
SCRIPT_URL = re.compile(
    r"""(?:\bfrom|\bimport|\bfetch|\bimportScripts|\.src|\.href|\.open)\s*[=(]*\s*(?:"\w+"\s*,\s*)?["'`]((?:https?:)?//[^"'`]+)"""
)
GENERATED = {"index.html", "genindex.html", "search.html", "py-modindex.html"}  # the builder's, not ours
PICTURE_NAME = re.compile(r"\.(png|jpe?g|svg|gif|webp)$", re.IGNORECASE)


@cache
def sent(path: Path) -> int:
    """Bytes that a server sends for the file: text goes compressed, the rest as it is."""
    return len(gzip.compress(path.read_bytes(), 6)) if path.suffix in TEXT else path.stat().st_size


def elsewhere(url: str) -> bool:
    """Whether a browser would leave the site for this address."""
    return url.strip().startswith(("http://", "https://", "//"))


class Page(HTMLParser):
    """What one page loads, links to and shows."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.pictures: list[tuple[str, str | None]] = []
        self.css: list[str] = []
        self.scripts: list[str] = []
        self.headings = 0
        self.lang = ""
        self._inside = ""
        self._article = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {key: value or "" for key, value in attrs}
        self._inside = tag if tag in ("script", "style") else ""
        self.ids.update(own[key] for key in ("id", "name") if own.get(key))
        if tag == "html":
            self.lang = own.get("lang", "")
        if tag == "article":
            self._article = True
        if tag == "h1" and self._article:
            self.headings += 1
        if tag == "a" and own.get("href"):
            self.links.append(own["href"])
        if tag == "link" and set(own.get("rel", "").lower().split()) & LOADING and own.get("href"):
            self.loads.append(own["href"])
        for key in SOURCES.get(tag, []):
            parts = own.get(key, "").split(",") if key == "srcset" else [own.get(key, "")]
            self.loads += [part.split()[0] if key == "srcset" else part for part in parts if part.strip()]
        if tag == "img":
            self.pictures.append((own.get("src", ""), own.get("alt") if "alt" in own else None))
        if "style" in own:
            self.css.append(own["style"])

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside == "style":
            self.css.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "article":
            self._article = False


def css_urls(text: str) -> list[str]:
    """Addresses that a style sheet loads, embedded ones left out."""
    found = [match[1] or match[2] for match in CSS_URL.finditer(text)]
    return [url for url in found if not url.startswith(("data:", "#"))]


def read_site(folder: Path, limit: int = PAGE_LIMIT) -> list[str]:
    """One line for each thing wrong that can be seen in the files alone; empty when all is well."""
    found: list[str] = []
    pages = {
        path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html")) if _shown(path, folder)
    }
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        urls = [*page.loads, *(url for css in page.css for url in css_urls(css))]
        urls += [url for script in page.scripts for url in SCRIPT_URL.findall(script)]
        found += [f"{name}: loads {url} from another host" for url in urls if elsewhere(url)]
        local = {target for url in urls if (target := _target(path, url, folder)) is not None}
        found += [f"{name}: {_name(target, folder)} is missing" for target in local if not target.is_file()]
        weight = sum(sent(file) for file in {path, *local} if file.is_file())
        if weight > limit:
            found.append(f"{name}: loads {weight:,} bytes, more than {limit:,}")
        found += _broken_links(path, page, pages, folder)
        for source, alt in page.pictures:
            if alt is None or PICTURE_NAME.search(alt) or (not alt and not source.startswith("data:")):
                found.append(f"{name}: the picture {source[:60]} has no description (alt text)")
        if page.headings != 1 and path.name not in GENERATED:
            found.append(f"{name}: {page.headings} headings of the first level instead of one")
        if not page.lang:
            found.append(f"{name}: does not say which language it is in")
    for path in sorted(folder.rglob("*.css")):
        name = path.relative_to(folder).as_posix()
        for url in css_urls(path.read_text(encoding="utf-8")):
            if elsewhere(url):
                found.append(f"{name}: loads {url} from another host")
            elif (target := _target(path, url, folder)) is not None and not target.is_file():
                found.append(f"{name}: {_name(target, folder)} is missing")
    for path in sorted(folder.rglob("*.js")):
        name = path.relative_to(folder).as_posix()
        for url in SCRIPT_URL.findall(path.read_text(encoding="utf-8")):
            found.append(f"{name}: loads {url} from another host")
    return list(dict.fromkeys(found))


def _shown(path: Path, folder: Path) -> bool:
    return path.relative_to(folder).parts[0] not in ("_static", "_sources")


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _target(page: Path, url: str, folder: Path) -> Path | None:
    """The file that a relative address means; None for other hosts, anchors and embedded data."""
    parts = urlsplit(url.strip())
    if parts.scheme or parts.netloc or not parts.path:
        return None
    path = unquote(parts.path)
    base = folder / path.lstrip("/") if path.startswith("/") else page.parent / path
    found = Path(os.path.normpath(base))
    return found / "index.html" if found.is_dir() else found


def _broken_links(path: Path, page: Page, pages: dict[Path, Page], folder: Path) -> list[str]:
    name, found = path.relative_to(folder).as_posix(), []
    for url in page.links:
        anchor, target = unquote(urlsplit(url).fragment), _target(path, url, folder)
        if target is not None and not target.is_file():
            found.append(f"{name}: the link {url} leads nowhere")
        own = page if target is None and url.startswith("#") else pages.get(target) if target else None
        if anchor and own is not None and anchor not in own.ids:
            found.append(f"{name}: the link {url} names no place on its page")
    return found


@dataclass
class Visit:
    """What happened when the browser opened one page."""

    page: str
    mode: str
    width: int
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Browser:
    """A Chromium without a window that reaches 127.0.0.1 and nothing else.

    Raises:
        RuntimeError: it could not be started.
    """

    def __init__(self, program: str) -> None:
        import websocket  # here, so that reading the site needs only the standard library

        self._profile = tempfile.mkdtemp(prefix="check-site-")
        command = [
            program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={self._profile}",
            "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--remote-allow-origins=*",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--no-sandbox",  # containers and root have no sandbox to offer, and only our own pages are opened
            "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._socket = websocket.create_connection(self._address(), timeout=30, suppress_origin=True)
            self._next, self._events = 0, []
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = None
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Log"):
                self.call(f"{domain}.enable")
            self.call("Network.setCacheDisabled", cacheDisabled=True)
        except Exception as error:
            self.close()
            raise RuntimeError(f"{program} could not be started: {error}") from error

    _session: str | None = None

    def _address(self, patience: float = 30.0) -> str:
        """Where the DevTools socket is; Chromium writes it into its profile folder."""
        note, end = Path(self._profile, "DevToolsActivePort"), time.monotonic() + patience
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended at once (exit code {self._process.returncode})")
            lines = note.read_text().split() if note.is_file() else []
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.05)
        raise RuntimeError(f"it gave no sign of life within {patience:.0f} s")

    def call(self, method: str, **params: object) -> dict:
        """Send one command and return its result; what happens meanwhile is kept for `events`."""
        self._next += 1
        message = {"id": self._next, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._next:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self._events.append(answer)

    def evaluate(self, expression: str) -> object:
        """The value of a JavaScript expression on the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("text", "script failed"))
        return answer["result"].get("value")

    def visit(self, url: str, name: str, mode: str, width: int, picture: Path | None = None) -> Visit:
        """Open a page in ``mode`` ``"light"`` or ``"dark"`` and note everything that goes wrong."""
        visit = Visit(name, mode, width)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": mode}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self._events.clear()
        self.call("Page.navigate", url=url)
        self._settle()
        self._judge(url, visit)
        if picture is not None:
            picture.parent.mkdir(parents=True, exist_ok=True)
            shot = self.call("Page.captureScreenshot", captureBeyondViewport=False)
            picture.write_bytes(base64.b64decode(shot["data"]))
        return visit

    def _settle(self, quiet: float = 0.4, most: float = 20.0) -> None:
        """Wait until the page has loaded, formulas are set and nothing has been asked for during `quiet` seconds."""
        end = time.monotonic() + most
        while time.monotonic() < end and self.evaluate("document.readyState") != "complete":
            time.sleep(0.05)
        self.evaluate(
            "Promise.race([new Promise(r => setTimeout(r, 10000)),"
            "Promise.resolve(window.MathJax && MathJax.startup && MathJax.startup.promise)"
            ".then(() => document.fonts.ready)])"
        )
        seen, since = -1, time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < quiet:
            self.evaluate("0")  # takes up the events that wait on the socket
            if len(self._events) != seen:
                seen, since = len(self._events), time.monotonic()
            time.sleep(0.05)

    def _judge(self, url: str, visit: Visit) -> None:
        home = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
        asked: dict[str, str] = {}
        for event in self._events:
            method, own = event.get("method"), event.get("params", {})
            if method == "Network.requestWillBeSent":
                asked[own["requestId"]] = own["request"]["url"]
                visit.requests.append(own["request"]["url"])
                if not own["request"]["url"].startswith((home, "data:", "blob:", "about:")):
                    visit.problems.append(f"asks another host: {own['request']['url']}")
            elif method == "Network.responseReceived" and own["response"]["status"] >= 400:
                visit.problems.append(f"{own['response']['status']} for {own['response']['url'].removeprefix(home)}")
            elif method == "Network.loadingFailed" and not own.get("canceled"):
                visit.problems.append(
                    f"{own.get('errorText')} for {asked.get(own['requestId'], '?').removeprefix(home)}"
                )
            elif method == "Runtime.exceptionThrown":
                details = own["exceptionDetails"]
                said = details.get("exception", {}).get("description") or details.get("text")
                visit.problems.append(f"script error: {said.splitlines()[0]}")
            elif method == "Runtime.consoleAPICalled" and own["type"] in ("error", "assert"):
                said = " ".join(str(a.get("value", a.get("description", ""))) for a in own["args"])
                visit.problems.append(f"console error: {said[:200]}")
            elif (
                method == "Log.entryAdded" and own["entry"]["level"] == "error" and own["entry"]["source"] != "network"
            ):
                visit.problems.append(f"browser error: {own['entry']['text'][:200]}")
        shown = json.loads(self.evaluate(LOOK))
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
        visit.problems = list(dict.fromkeys(visit.problems))

    def unfold(self, most: int = 600) -> list[str]:
        """Go through the page with the Tab key and open and close each folded part with Enter; what does not work."""
        wanted = self.evaluate(FOLDED)
        reached, stuck = 0, 0
        self.evaluate("scrollTo(0, 0); document.activeElement.blur()")
        for _ in range(most if wanted else 0):
            self._press("Tab", 9)
            if not self.evaluate(REACHED):
                continue
            reached += 1
            states = [self.evaluate(IS_OPEN)]
            for _ in range(2):
                self._press("Enter", 13, "\r")
                states.append(self.evaluate(IS_OPEN))
            stuck += states not in ([False, True, False], [True, False, True])
            if reached == wanted:
                break
        found = [] if reached == wanted else [f"{wanted - reached} of {wanted} folded parts are not reached by Tab"]
        return found + ([f"{stuck} of {wanted} folded parts do not open and close by Enter"] if stuck else [])

    def _press(self, key: str, code: int, text: str = "") -> None:
        own = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **own)
        self.call("Input.dispatchKeyEvent", type="keyUp", **own)

    def close(self) -> None:
        """End the browser and remove its profile."""
        if hasattr(self, "_socket"):
            self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


LOOK = """
(() => {
  const formulas = [...document.querySelectorAll('.math')];
  const errors = [...document.querySelectorAll('mjx-merror, [data-mjx-error]')];
  const wide = document.documentElement.scrollWidth;
  // the innermost element of the text that reaches beyond the screen
  const all = [...document.querySelectorAll('article *')];
  const over = all.filter(e => e.getBoundingClientRect().right > innerWidth + 1);
  const last = over[over.length - 1];
  return JSON.stringify({
    formulas: formulas.length,
    plain: formulas.filter(e => !e.querySelector('mjx-container')).length,
    failed: errors.length,
    message: errors.slice(0, 3).map(e => e.getAttribute('data-mjx-error') || e.textContent).join('; '),
    pictures: [...document.images].filter(e => e.complete && !e.naturalWidth && e.loading !== 'lazy').map(e => e.src),
    icons: document.querySelectorAll('svg[data-icon="circle-question"].fa-missing, svg .missing').length,
    wide: wide,
    widest: wide > innerWidth && last ? last.tagName.toLowerCase() + ' ' + last.textContent.trim().slice(0, 60) : '',
    theme: document.documentElement.dataset.theme || '',
  });
})()
"""


# how many folded parts can be seen; those in a drawer that is closed cannot
FOLDED = "[...document.querySelectorAll('summary')].filter(e => e.checkVisibility({visibilityProperty: true})).length"
# whether the focus is on a folded part for the first time, and whether it is open and shows what is in it
REACHED = """
(() => {
  const e = document.activeElement;
  return e.tagName === 'SUMMARY' && !e.dataset.reached && Boolean(e.dataset.reached = 'yes');
})()
"""
IS_OPEN = """
(() => {
  const e = document.activeElement.parentElement, inside = [...e.children].filter(c => c.tagName !== 'SUMMARY');
  return e.open && inside.some(c => c.checkVisibility());
})()
"""


def find_browser() -> str | None:
    """The path of a Chromium or Chrome; the environment variable CHROMIUM goes first."""
    own = os.environ.get("CHROMIUM")
    found = [shutil.which(name) for name in ([own] if own else [*BROWSERS, *BROWSERS_ELSEWHERE])]
    return next((path for path in found if path), None)


def browse_site(
    folder: Path, program: str, screenshots: Path | None = None, limit: int = PAGE_LIMIT, say=lambda line: None
) -> list[str]:
    """Open every page in light and dark and as wide as a desk and a phone; one line for each thing that goes wrong."""
    pages = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*.html")) if _shown(p, folder)]
    pages = [f"{page}?q=graph" if page == "search.html" else page for page in pages]
    found: list[str] = []
    with serving(folder) as home, Browser(program) as browser:
        for page in pages:
            own: list[Visit] = []
            for mode, width in (("light", 1280), ("dark", 1280), ("dark", 390)):
                stem = re.sub(r"\W+", "-", page.split(".html")[0])
                picture = screenshots / f"{stem}-{mode}-{width}.png" if screenshots else None
                own.append(browser.visit(urljoin(home + "/", page), page, mode, width, picture))
                if mode == "light" or width < 600:  # once on a desk, once on a phone
                    own[-1].problems += browser.unfold()
            problems = {}
            for visit in own:
                for problem in visit.problems:
                    problems.setdefault(problem, []).append(f"{visit.mode} {visit.width}")
            found += [f"{page} ({', '.join(where)}): {problem}" for problem, where in problems.items()]
            weight = max(_weight(visit.requests, home, folder) for visit in own)
            if weight > limit:
                found.append(f"{page}: loads {weight:,} bytes, more than {limit:,}")
            say(f"  {page:<50} {len(own[0].requests):>3} requests {weight / 1000:>7,.0f} kB")
    return found


def _weight(requests: list[str], home: str, folder: Path) -> int:
    files = {_target(folder / "x", urlsplit(url).path, folder) for url in requests if url.startswith(home)}
    return sum(sent(file) for file in files if file is not None and file.is_file())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the built site.")
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="also keep a picture of every visit there")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").is_file():
        print(f"there is no site in {options.folder}; build it with `make site`", file=sys.stderr)
        return 1
    found = read_site(options.folder)
    print(f"read the files: {len(found)} findings")
    program = find_browser()
    if program is None:
        print("the browser half is skipped: no Chromium or Chrome found (install one, or name it in CHROMIUM)")
    else:
        try:
            seen = browse_site(options.folder, program, options.screenshots, say=print)
            print(f"opened every page with {program}: {len(seen)} findings")
            found += seen
        except RuntimeError as error:
            print(f"the browser half is skipped: {error}")
    if found:
        print("", *found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
