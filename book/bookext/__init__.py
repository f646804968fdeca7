"""What the book asks of Sphinx beyond its settings in `_config.yml`."""

from __future__ import annotations

from . import assets, boards, directives, protocol, typesetting


def setup(app) -> dict:
    app.add_directive("board", boards.BoardDirective)
    app.add_directive("claims", protocol.ClaimsDirective)
    app.add_directive("protocol", protocol.ProtocolDirective)
    app.add_directive("decks", directives.DecksDirective)
    app.add_directive("headline", directives.HeadlineDirective)
    app.add_directive("modules", directives.ModulesDirective)
    app.add_directive("readings", directives.ReadingsDirective)
    app.add_directive("exercises", directives.ExercisesDirective)
    app.connect("autodoc-process-docstring", typesetting.plain_bars, priority=400)  # before napoleon, which has 500
    app.connect("doctree-read", typesetting.plain_figures)
    app.connect("doctree-read", typesetting.plain_solutions)
    app.connect("doctree-read", typesetting.plain_names)
    app.connect("doctree-read", typesetting.plain_tables)
    app.connect("doctree-read", typesetting.keep_together)
    app.connect("html-page-context", assets.drop_unused, priority=900)
    app.connect("build-finished", assets.copy_mathjax)
    app.connect("build-finished", assets.slim_icons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
