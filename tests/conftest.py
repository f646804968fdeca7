"""What holds for every test: no window, no network but this machine's own, no cache outside the test run."""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# The machines that run these tests are slow at times, so no deadline; in CI the same examples are drawn every time.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def _is_local(host: object) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def only_this_machine():
    """Refuse connections to other hosts, as a machine without a network does."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise OSError(f"a test tried to reach {address[0]}; tests use 127.0.0.1 only")
        return connect(self, address, *rest)

    def guarded_look_up(host, *rest, **options):
        if host is not None and not _is_local(host.decode() if isinstance(host, bytes) else host):
            raise socket.gaierror(f"a test tried to look up {host}; tests use 127.0.0.1 only")
        return look_up(host, *rest, **options)

    socket.socket.connect, socket.getaddrinfo = guarded_connect, guarded_look_up
    yield
    socket.socket.connect, socket.getaddrinfo = connect, look_up


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Downloads of a test run go to a folder of its own, never into the user's cache."""
    before = os.environ.get("RAMGNN_CACHE")
    os.environ["RAMGNN_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["RAMGNN_CACHE"]
    else:
        os.environ["RAMGNN_CACHE"] = before


@pytest.fixture(autouse=True)
def figures_of_the_book(request):
    """Tests of pictures draw in the style of the book, and leave no figure to the next one."""
    if not request.module.__name__.rpartition(".")[2].startswith("test_plots"):
        yield
        return
    import matplotlib.pyplot as plt

    from ramgnn import plots

    with plots.style():
        yield
    plt.close("all")
