"""Downloads, against a server on 127.0.0.1 that misbehaves as told."""

from __future__ import annotations

import hashlib
import socket
import threading
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ramgnn.datasets import download
from ramgnn.datasets.download import cache_folder, checked, extract, fetch, local_folder, say_once
from ramgnn.errors import DataError

BODY = b"user\titem\n" * 3000
SHA = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers each path by its script, one step a request; the last step is repeated.

    A step is a status number, ``bytes`` (sent with 200) or ``("cut", bytes)`` (announces twice the length, then ends).
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.asked = {}, defaultdict(int)

    def url(self, path, *steps):
        self.script[f"/{path}"] = list(steps)
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked[self.path] += 1
        steps = self.server.script.get(self.path, [404])
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        if isinstance(step, int):
            self.send_error(step)
            return
        cut, body = (True, step[1]) if isinstance(step, tuple) else (False, step)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) * (2 if cut else 1)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


def closed_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/gone"


def get(folder, *urls, sha256=SHA, **options):
    return fetch("u.data", urls, sha256, folder, progress=False, pause=0, timeout=5, **options)


def everything(folder):
    return sorted(p.name for p in folder.rglob("*"))


def test_success_and_no_second_request(server, tmp_path):
    url = server.url("a", BODY)
    path = get(tmp_path / "new" / "folder", url)
    assert path.read_bytes() == BODY
    assert everything(tmp_path / "new" / "folder") == ["u.data"]
    assert get(path.parent, url) == path
    assert server.asked["/a"] == 1


def test_progress_bar_and_nothing_else_is_shown(server, tmp_path, capsys):
    fetch("u.data", [server.url("a", BODY)], SHA, tmp_path)
    shown = capsys.readouterr()
    assert "100%" in shown.err and "unfinished" not in shown.err and shown.out == ""


def test_busy_server_is_asked_again(server, tmp_path, capsys):
    url = server.url("a", 503, 500, BODY)
    assert get(tmp_path, url).read_bytes() == BODY
    assert server.asked["/a"] == 3
    assert "answered 503, asking again" in capsys.readouterr().err


def test_busy_server_is_given_up_after_three_times(server, tmp_path):
    first, second = server.url("a", 503), server.url("b", BODY)
    assert get(tmp_path, first, second).read_bytes() == BODY
    assert (server.asked["/a"], server.asked["/b"]) == (3, 1)


@pytest.mark.parametrize("bad", [404, b"<html>log in first</html>", ("cut", BODY), b""], ids=str)
def test_next_source_at_once(server, tmp_path, bad):
    first, second = server.url("a", bad), server.url("b", BODY)
    assert get(tmp_path, first, second).read_bytes() == BODY
    assert (server.asked["/a"], server.asked["/b"]) == (1, 1)
    assert everything(tmp_path) == ["u.data"]


def test_first_source_down(server, tmp_path):
    assert get(tmp_path, closed_url(), server.url("b", BODY)).read_bytes() == BODY


def test_cut_connection_is_noticed_without_a_checksum(server, tmp_path):
    with pytest.raises(DataError, match="cut in the middle"):
        get(tmp_path, server.url("a", ("cut", BODY)), sha256=None)
    assert everything(tmp_path) == []


def test_all_down_lists_every_source_and_leaves_nothing(server, tmp_path):
    urls = [
        server.url("missing", 404),
        server.url("broken", 500),
        server.url("wrong", b"other bytes"),
        server.url("cut", ("cut", BODY)),
        closed_url(),
    ]
    with pytest.raises(DataError) as caught:
        get(tmp_path, *urls)
    text = str(caught.value)
    for url, what in zip(
        urls,
        ["answered 404", "answered 500", "wrong checksum", "cut in the middle", "could not be reached"],
        strict=True,
    ):
        assert what in text.split(url)[1].split("http://")[0]
    assert SHA in text and str(tmp_path / "u.data") in text and "RAMGNN_DATA" in text
    assert everything(tmp_path) == []


def test_time_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(DataError, match="did not answer in time"):
            fetch("u.data", [f"http://127.0.0.1:{silent.getsockname()[1]}/"], SHA, tmp_path, False, timeout=0.2)


def test_corrupt_cached_file_is_replaced_with_a_message(server, tmp_path, capsys):
    (tmp_path / "u.data").write_bytes(BODY[:-5])
    assert get(tmp_path, server.url("a", BODY)).read_bytes() == BODY
    assert "is not what it should be (wrong checksum); getting it again" in capsys.readouterr().err


def test_corrupt_cached_file_is_never_used(tmp_path):
    (tmp_path / "u.data").write_bytes(BODY[:-5])
    with pytest.raises(DataError, match="could not be reached"):
        get(tmp_path, closed_url())


def test_check_of_the_content(server, tmp_path):
    def starts_right(path):
        if not path.read_bytes().startswith(b"user"):
            raise DataError("it starts with something else", file=path)

    first, second = server.url("a", b"<html>"), server.url("b", BODY)
    assert get(tmp_path, first, second, sha256=None, check=starts_right).read_bytes() == BODY
    (tmp_path / "u.data").write_bytes(b"edited")
    with pytest.raises(DataError, match="it starts with something else"):
        get(tmp_path, first, sha256=None, check=starts_right)


def test_interrupt_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(tmp_path, server.url("a", BODY))
    assert everything(tmp_path) == []


def test_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="RAMGNN_CACHE"):
        get(tmp_path / "file", server.url("a", BODY), server.url("b", BODY))
    assert server.asked["/b"] == 0


# archives

MEMBERS = {f"ml-100k/{name}": hashlib.sha256(body).hexdigest() for name, body in (("u.data", BODY), ("u.user", b"1\n"))}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("ml-100k/u.data", BODY)
        new.writestr("ml-100k/u.user", b"1\n")
        new.writestr("ml-100k/not wanted", b"x")
    return path


def test_extract_only_what_is_wanted(archive, tmp_path):
    folder = extract(archive, MEMBERS, tmp_path / "out")
    assert everything(folder) == ["u.data", "u.user"]
    assert (folder / "u.data").read_bytes() == BODY
    archive.unlink()
    extract(archive, MEMBERS, folder)  # all there: the archive is not needed


def test_interrupted_extraction_is_not_used(archive, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "u.data").write_bytes(BODY[:100])
    extract(archive, MEMBERS, folder)
    assert (folder / "u.data").read_bytes() == BODY
    assert everything(folder) == ["u.data", "u.user"]


@pytest.mark.parametrize("cut", [0, 10, 60, -30])
def test_damaged_archive(archive, tmp_path, cut):
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(DataError, match="damaged"):
        extract(archive, MEMBERS, tmp_path / "out")
    assert everything(tmp_path / "out") == []


def test_archive_with_flipped_bytes(archive, tmp_path):
    content = bytearray(archive.read_bytes())
    content[60:70] = bytes(10)
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        extract(archive, MEMBERS, tmp_path / "out")
    assert everything(tmp_path / "out") == []


def test_archive_without_a_member_or_with_another(archive, tmp_path):
    with pytest.raises(DataError, match="lacks a file"):
        extract(archive, {**MEMBERS, "ml-100k/u.item": SHA}, tmp_path / "out")
    with pytest.raises(DataError, match="SHA-256"):
        extract(archive, {**MEMBERS, "ml-100k/u.user": SHA}, tmp_path / "out")
    assert everything(tmp_path / "out") == []  # not even the good member: all or nothing


# places and messages


def test_places(monkeypatch, tmp_path):
    monkeypatch.setenv("RAMGNN_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("RAMGNN_CACHE")
    assert cache_folder().name == "ramgnn"
    monkeypatch.delenv("RAMGNN_DATA", raising=False)
    assert local_folder() is None
    monkeypatch.setenv("RAMGNN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="RAMGNN_DATA"):
        local_folder()


def test_checked(tmp_path):
    path = tmp_path / "u.data"
    with pytest.raises(DataError, match="no such file"):
        checked(path, SHA)
    path.write_bytes(BODY)
    assert checked(path, SHA) == path
    path.write_bytes(BODY.replace(b"\n", b"\r\n"))
    with pytest.raises(DataError, match="line ends were converted") as caught:
        checked(path, SHA)
    assert caught.value.file == str(path) and SHA in str(caught.value)


def test_say_once(tmp_path, capsys):
    assert say_once("licence", "be kind", tmp_path / "cache")
    assert not say_once("licence", "be kind", tmp_path / "cache")
    assert capsys.readouterr().err.count("be kind") == 1
    assert say_once("licence", "be kind", tmp_path / "another")
