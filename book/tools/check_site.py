"""Checks the built site twice: by reading its files, and by opening every page in a browser that reaches nothing else.

Reading finds what a page would load from another host, files that are missing, pictures without a description and
heavy pages. The browser finds what only shows when scripts run: requests, missing files, errors in the console,
formulas that stay plain text, pages wider than a phone, and folded parts that the keyboard does not open. It is
Chromium or Chrome without a window (`book.tools.browser`); where none is found that half is skipped, with a line that
says so.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from html.parser import HTMLParser
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from book.tools.browser import Browser, Visit, find_browser
from book.tools.serve import serving

ROOT = Path(__file__).parents[2]
PAGE_LIMIT = 1_500_000  # bytes that one page may load, text compressed as web servers do
TEXT = {".html", ".css", ".js", ".json", ".svg", ".txt", ".xml", ".inv"}
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
        self.has_icon = False
        self._inside = ""
        self._article = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self._inside = tag if tag in ("script", "style") else ""
        self.ids.update(values[key] for key in ("id", "name") if values.get(key))
        if tag == "html":
            self.lang = values.get("lang", "")
        if tag == "article":
            self._article = True
        if tag == "h1" and self._article:
            self.headings += 1
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        relations = set(values.get("rel", "").lower().split()) if tag == "link" else set()
        if relations & LOADING and values.get("href"):
            self.loads.append(values["href"])
            self.has_icon |= "icon" in relations
        for key in SOURCES.get(tag, []):
            parts = values.get(key, "").split(",") if key == "srcset" else [values.get(key, "")]
            self.loads += [part.split()[0] if key == "srcset" else part for part in parts if part.strip()]
        if tag == "img":
            self.pictures.append((values.get("src", ""), values.get("alt") if "alt" in values else None))
        if "style" in values:
            self.css.append(values["style"])

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
    urls = [match[1] or match[2] for match in CSS_URL.finditer(text)]
    return [url for url in urls if not url.startswith(("data:", "#"))]


def read_site(folder: Path, limit: int = PAGE_LIMIT) -> list[str]:
    """One line for each thing wrong that can be seen in the files alone; empty when all is well."""
    findings: list[str] = []
    pages = {
        path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html")) if _shown(path, folder)
    }
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        urls = [*page.loads, *(url for css in page.css for url in css_urls(css))]
        urls += [url for script in page.scripts for url in SCRIPT_URL.findall(script)]
        findings += [f"{name}: loads {url} from another host" for url in urls if elsewhere(url)]
        local = {target for url in urls if (target := _target(path, url, folder)) is not None}
        findings += [f"{name}: {_name(target, folder)} is missing" for target in local if not target.is_file()]
        weight = sum(sent(file) for file in {path, *local} if file.is_file())
        if weight > limit:
            findings.append(f"{name}: loads {weight:,} bytes, more than {limit:,}")
        findings += _broken_links(path, page, pages, folder)
        for source, alt in page.pictures:
            if alt is None or PICTURE_NAME.search(alt) or (not alt and not source.startswith("data:")):
                findings.append(f"{name}: the picture {source[:60]} has no description (alt text)")
        if page.headings != 1 and path.name not in GENERATED:
            findings.append(f"{name}: {page.headings} headings of the first level instead of one")
        if not page.has_icon and not (folder / "favicon.ico").is_file():  # browsers ask for that one
            findings.append(f"{name}: names no icon, and favicon.ico is missing")
        if not page.lang:
            findings.append(f"{name}: does not say which language it is in")
    for path in sorted(folder.rglob("*.css")):
        name = path.relative_to(folder).as_posix()
        for url in css_urls(path.read_text(encoding="utf-8")):
            if elsewhere(url):
                findings.append(f"{name}: loads {url} from another host")
            elif (target := _target(path, url, folder)) is not None and not target.is_file():
                findings.append(f"{name}: {_name(target, folder)} is missing")
    for path in sorted(folder.rglob("*.js")):
        name = path.relative_to(folder).as_posix()
        for url in SCRIPT_URL.findall(path.read_text(encoding="utf-8")):
            findings.append(f"{name}: loads {url} from another host")
    return list(dict.fromkeys(findings))


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
    target = Path(os.path.normpath(base))
    return target / "index.html" if target.is_dir() else target


def _broken_links(path: Path, page: Page, pages: dict[Path, Page], folder: Path) -> list[str]:
    name, findings = path.relative_to(folder).as_posix(), []
    for url in page.links:
        anchor, target = unquote(urlsplit(url).fragment), _target(path, url, folder)
        if target is not None and not target.is_file():
            findings.append(f"{name}: the link {url} leads nowhere")
        linked = page if target is None and url.startswith("#") else pages.get(target) if target else None
        if anchor and linked is not None and anchor not in linked.ids:
            findings.append(f"{name}: the link {url} names no place on its page")
    return findings


def browse_site(
    folder: Path,
    program: str,
    screenshots: Path | None = None,
    limit: int = PAGE_LIMIT,
    say=lambda line: None,
    jobs: int = 1,
) -> list[str]:
    """Open every page in light and dark and as wide as a desk and a phone; a line for each thing that goes wrong.

    Args:
        jobs: browsers at a time, each in a process of its own.

    Raises:
        RuntimeError: the browser could not be started.
    """
    pages = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*.html")) if _shown(p, folder)]
    pages = [f"{page}?q=graph" if page == "search.html" else page for page in pages]
    browse = partial(_browse, folder, program, screenshots, limit, say)
    if jobs == 1:
        return browse(pages)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        return [finding for found in pool.map(browse, [pages[i::jobs] for i in range(jobs)]) for finding in found]


def _browse(
    folder: Path, program: str, screenshots: Path | None, limit: int, say: Callable[[str], None], pages: list[str]
) -> list[str]:
    """The same for these pages, by one browser."""
    findings: list[str] = []
    with serving(folder) as home, Browser(program) as browser:
        for page in pages:
            visits: list[Visit] = []
            unfolded = 0  # parts that can be folded and were tried on a desk
            for mode, width in (("light", 1280), ("dark", 1280), ("dark", 360)):
                stem = re.sub(r"\W+", "-", page.split(".html")[0])
                picture = screenshots / f"{stem}-{mode}-{width}.png" if screenshots else None
                visits.append(browser.visit(urljoin(home + "/", page), page, mode, width, picture))
                if mode == "light" or (width < 600 and browser.n_folded() != unfolded):  # on a phone what differs
                    unfolded = browser.n_folded()
                    visits[-1].problems += browser.unfold()
            problems = {}
            for visit in visits:
                for problem in visit.problems:
                    problems.setdefault(problem, []).append(f"{visit.mode} {visit.width}")
            findings += [f"{page} ({', '.join(where)}): {problem}" for problem, where in problems.items()]
            weight = max(_weight(visit.requests, home, folder) for visit in visits)
            if weight > limit:
                findings.append(f"{page}: loads {weight:,} bytes, more than {limit:,}")
            say(f"  {page:<50} {len(visits[0].requests):>3} requests {weight / 1000:>7,.0f} kB")
    return findings


def _weight(requests: list[str], home: str, folder: Path) -> int:
    files = {_target(folder / "x", urlsplit(url).path, folder) for url in requests if url.startswith(home)}
    return sum(sent(file) for file in files if file is not None and file.is_file())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the built site.")
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="browsers at a time (one a core)")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="also keep a picture of every visit there")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").is_file():
        print(f"there is no site in {options.folder}; build it with `make site`", file=sys.stderr)
        return 1
    findings = read_site(options.folder)
    print(f"read the files: {len(findings)} findings")
    program = find_browser()
    if program is None:
        print("the browser half is skipped: no Chromium or Chrome found (install one, or name it in CHROMIUM)")
    else:
        try:
            say = partial(print, flush=True)
            problems = browse_site(options.folder, program, options.screenshots, PAGE_LIMIT, say, options.jobs)
            print(f"opened every page with {program}: {len(problems)} findings")
            findings += problems
        except RuntimeError as error:
            print(f"the browser half is skipped: {error}")
    if findings:
        print("", *findings, sep="\n", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
