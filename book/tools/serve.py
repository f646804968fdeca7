"""Serves the built site on this machine only."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Handler(SimpleHTTPRequestHandler):
    """Serves files without caching, so that a page built again is seen at once, and without a line per request."""

    def copyfile(self, *files) -> None:
        with suppress(ConnectionError):  # a reader who leaves a page does not wait for the rest of it
            super().copyfile(*files)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_) -> None:
        pass


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server for `folder` on 127.0.0.1; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve `folder` in the background; gives its address without a slash at the end."""
    site = server(folder, 0)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve the site on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "html")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").is_file():
        print(f"there is no site in {options.folder}; build it with `make site`", file=sys.stderr)
        return 1
    try:
        site = server(options.folder, options.port)
    except OSError as error:
        print(
            f"port {options.port} cannot be used ({error.strerror}); try another: make serve PORT=8001", file=sys.stderr
        )
        return 1
    print(f"http://127.0.0.1:{site.server_port}/  (Ctrl-C stops it)", flush=True)
    try:
        site.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        site.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
