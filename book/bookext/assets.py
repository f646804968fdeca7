"""What a page loads: nothing from elsewhere, and little of anything."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

# What MathJax can ask for with the settings in _config.yml; the other nine tenths of the package stay behind.
MATHJAX = ("startup.js", "core.js", "input/tex.js", "output/chtml.js", "a11y/assistive-mml.js")
MATHJAX_FOLDERS = ("input/tex/extensions", "output/chtml/fonts")
ICON = re.compile(r'(?:"([\w-]+)"|\b(\w+)):\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')


def copy_mathjax(app, exception) -> None:
    """Copy MathJax from the `sphinx-mathjax-offline` package beside the pages.

    The package's own extension copies all 24 MB of it.
    """
    if exception is not None or app.builder.format != "html":
        return
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None:
        raise RuntimeError("the package sphinx-mathjax-offline is missing; `make site` installs it")
    source = Path(package.submodule_search_locations[0], "static", "mathjax")
    target = Path(app.outdir, "_static", "mathjax")
    for name in MATHJAX:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    for name in MATHJAX_FOLDERS:
        shutil.copytree(source / name, target / name, dirs_exist_ok=True)


def keep_icons(script: str, names: set[str]) -> str:
    """The icon script with only the icons in `names`, by name or alias."""

    def keep(match: re.Match) -> str:
        aliases = {match[1] or match[2], *re.findall(r'"([\w-]+)"', match[3])}
        return match[0] if aliases & names else ""

    return ICON.sub(keep, script)


def slim_icons(app, exception) -> None:
    """Cut the theme's 1.5 MB of icons, which every page loads, down to those that the pages show."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    script = out / "_static" / "scripts" / "fontawesome.js"
    if not script.is_file():
        return
    places = [*out.rglob("*.html"), *out.glob("_static/*.js"), *out.glob("_static/scripts/*theme.js")]
    shown = {name for place in places for name in re.findall(r"\bfa-([a-z0-9-]+)", place.read_text(encoding="utf-8"))}
    script.write_text(keep_icons(script.read_text(encoding="utf-8"), shown), encoding="utf-8")
    for unused in out.glob("_static/**/*.map"):
        unused.unlink()


def drop_unused(app, pagename, templatename, context, doctree) -> None:
    """Leave out sphinx-thebe, which names a remote host on every page, and MathJax where there is no formula.

    Sphinx loads MathJax on the front page too when any page below it has a formula.
    """
    unused = ["sphinx-thebe", "THEBE_JS_URL"]
    if 'class="math' not in (context.get("body") or ""):
        unused += ["mathjax/", "window.MathJax"]

    def used(file: object) -> bool:
        text = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body') or ''}"
        return not any(word in text for word in unused)

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, ()) if used(file)]
