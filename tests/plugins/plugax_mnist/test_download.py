import gzip
import hashlib
import http.server
import io
import json
import logging
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

import numpy as np
import platformdirs
import pooch
import pytest
from rich.console import Console
from rich.progress import Progress

import plugax as px
from plugax_mnist import _catalogue, _fetch
from plugax_mnist._bar import Bar, bars
from plugax_mnist._catalogue import (
    FASHION_MNIST,
    FILES,
    MNIST,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    Source,
)
from plugax_mnist._dataset import load
from plugax_mnist._download import download
from plugax_mnist._fetch import MirrorError, check


def idx(array):
    return (
        bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


_noise = np.random.default_rng(0)
CONTENT = {
    TRAIN_IMAGES: idx(_noise.integers(0, 256, (300, 28, 28), np.uint8)),
    TRAIN_LABELS: idx(_noise.integers(0, 10, 300, np.uint8)),
    TEST_IMAGES: idx(_noise.integers(0, 256, (20, 28, 28), np.uint8)),
    TEST_LABELS: idx(_noise.integers(0, 10, 20, np.uint8)),
}
CHECKSUMS = {
    name: f"sha256:{hashlib.sha256(content).hexdigest()}" for name, content in CONTENT.items()
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENT.items()}


class Mirrors(http.server.ThreadingHTTPServer):
    """Several mirrors in one server: the first part of a path says how that one behaves."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.together = threading.Barrier(2)
        self.over = threading.Event()

    def url(self, behaviour):
        return f"http://127.0.0.1:{self.server_address[1]}/{behaviour}/"

    def handle_error(self, request, client_address):
        """Say nothing: that a client hangs up is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        _, behaviour, name = self.path.split("/")
        getattr(self, behaviour)(name)

    def log_message(self, *arguments):
        pass

    def send(self, body, length=None, **headers):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def good(self, name):
        self.send(PACKED[name])

    def recompressed(self, name):
        self.send(gzip.compress(gzip.decompress(PACKED[name]), compresslevel=1))

    def unpacked(self, name):
        self.send(gzip.decompress(PACKED[name]))

    def unpacks(self, name):  # whatever the client says that it accepts
        self.send(PACKED[name], Content_Encoding="gzip")

    def sizeless(self, name):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PACKED[name])

    def missing(self, name):
        self.send_error(404)

    def failing(self, name):
        self.send_error(503)

    def corrupt(self, name):
        body = bytearray(PACKED[name])
        body[-6] ^= 1  # in gzip's own sum
        self.send(bytes(body))

    def other(self, name):
        self.send(gzip.compress(gzip.decompress(PACKED[name])[:-1] + b"\xff"))

    def cut(self, name):  # the server believes that this is the file
        self.send(PACKED[name][:-20])

    def broken(self, name):  # the connection breaks off
        self.send(PACKED[name][:-20], length=len(PACKED[name]))

    def page(self, name):  # as the gate of a hotel's network does
        self.send(b"<html>Please log in</html>", Content_Type="text/html")

    def bomb(self, name):
        self.send(gzip.compress(bytes(3 << 20), compresslevel=1))

    def endless(self, name):
        self.send_response(200)
        self.end_headers()
        for _ in range(256):  # far beyond the limit; the client hangs up long before
            self.wfile.write(bytes(1 << 16))

    def silent(self, name):
        self.server.over.wait(timeout=60)

    def pairs(self, name):  # answers for the first file only once two have asked for it
        if name == f"{TEST_LABELS}.gz":
            self.server.together.wait(timeout=60)
        self.good(name)

    def halves(self, name):
        (self.good if "labels" in name else self.missing)(name)


@pytest.fixture
def mirrors(monkeypatch):
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1")
    with Mirrors() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def source(mirrors):
    """A function from behaviours to a data set with one mirror of each."""

    def make(*behaviours):
        urls = tuple(name if ":" in name else mirrors.url(name) for name in behaviours)
        return Source("tiny", "Tiny", tuple("0123456789"), urls, CHECKSUMS)

    return make


def whole(cache):
    """Whether the cache holds exactly the four files, unpacking to what they should."""
    found = {path.name: gzip.decompress(path.read_bytes()) for path in cache.iterdir()}
    return found == {f"{name}.gz": content for name, content in CONTENT.items()}


def test_what_is_nowhere_is_fetched_into_the_cache_once(mirrors, source, tmp_path, monkeypatch):
    monkeypatch.delenv("PLUGAX_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setitem(_catalogue.SOURCES, "tiny", source("good"))
    for _ in range(2):
        dataset = load("tiny", None)
        assert dataset.train_images.shape == (300, 28, 28)
        assert len(mirrors.asked) == 4
    assert idx(dataset.test_images) == CONTENT[TEST_IMAGES]
    assert whole(tmp_path / "data" / "tiny")


def test_nothing_is_fetched_if_that_is_forbidden(mirrors, source, tmp_path, monkeypatch):
    monkeypatch.setenv("PLUGAX_OFFLINE", "1")
    with pytest.raises(px.PlugaxError, match="PLUGAX_OFFLINE is set, so nothing was fetched"):
        download(source("good"), tmp_path)
    assert not mirrors.asked
    monkeypatch.setenv("PLUGAX_OFFLINE", "0")
    download(source("good"), tmp_path)
    assert whole(tmp_path)


def test_a_list_of_solvers_fetches_nothing(tmp_path, monkeypatch, capfd):
    from plugax.cli._main import main

    monkeypatch.delenv("PLUGAX_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr("plugax_mnist._download.fetch", None)
    assert main(["list", "solvers", "--for", "mnist"]) == 0
    assert "gradient" in capfd.readouterr().out
    assert "PLUGAX_OFFLINE" not in os.environ


@pytest.mark.parametrize("behaviour", ["recompressed", "unpacked", "unpacks", "sizeless"])
def test_the_content_counts_not_how_it_is_sent(source, tmp_path, behaviour):
    for name, path in download(source(behaviour), tmp_path).items():
        check(path, CHECKSUMS[name])


REASONS = {
    "missing": "answered 404 Not Found",
    "failing": "answered 503 Service Unavailable",
    "corrupt": "broken: gzip cannot unpack it",
    "other": r"another file: 28 bytes with the sha256 sum [0-9a-f]{64}, expected [0-9a-f]{64}",
    "cut": "broken: gzip cannot unpack it",
    "broken": "broke off before the end",
    "page": "another file: 26 bytes",
    "bomb": "unpacks to more than 1048576 bytes",
    "endless": "sent more than 1048576 bytes",
    "silent": "did not answer in time",
}


@pytest.fixture
def impatient(monkeypatch):
    """Limits in proportion to the tiny files."""
    monkeypatch.setattr(_fetch, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(_fetch, "READ_SECONDS", 0.2)


@pytest.mark.parametrize("behaviour", REASONS)
@pytest.mark.usefixtures("impatient")
def test_a_mirror_that_fails_is_left_for_the_next(mirrors, source, tmp_path, behaviour):
    download(source(behaviour, "good"), tmp_path)
    assert whole(tmp_path)
    # Only one file was asked of the bad mirror: it goes to the end.
    assert [behaviour in path for path in mirrors.asked] == [True] + 4 * [False]


@pytest.mark.parametrize("behaviour", REASONS)
@pytest.mark.usefixtures("impatient")
def test_nothing_broken_is_kept_and_every_mirror_is_answered_for(
    mirrors, source, tmp_path, behaviour
):
    with pytest.raises(px.PlugaxError) as raised:
        download(source(behaviour, "missing"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert raised.match(f"{mirrors.url(behaviour)} .*{REASONS[behaviour]}")
    assert raised.match(f"{mirrors.url('missing')} answered 404 Not Found")


def test_each_file_may_come_from_another_mirror(mirrors, source, tmp_path):
    download(source("halves", "good"), tmp_path)
    assert whole(tmp_path)
    assert ["halves" in path for path in mirrors.asked] == [True, True, True, False, False]


def test_only_what_is_missing_is_fetched(mirrors, source, tmp_path):
    for name in FILES[:3]:  # unpacked, as somebody may have put them there
        (tmp_path / name).write_bytes(CONTENT[name])
    paths = download(source("good"), tmp_path)
    assert mirrors.asked == [f"/good/{FILES[3]}.gz"]
    assert [path.name for path in paths.values()] == [*FILES[:3], f"{FILES[3]}.gz"]


def test_without_network_the_error_says_what_is_missing_where_it_was_looked_for_and_what_to_do(
    source, tmp_path, monkeypatch
):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    nobody = f"http://127.0.0.1:{port}/"  # nothing listens there any more
    monkeypatch.setenv("PLUGAX_DATA", str(tmp_path / "root"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / TRAIN_IMAGES).write_bytes(CONTENT[TRAIN_IMAGES])
    with pytest.raises(px.PlugaxError) as raised:
        download(source(nobody), tmp_path / "cache")
    message = str(raised.value)
    assert "missing train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels" in message
    assert str(tmp_path / "root" / "tiny") in message
    assert str(tmp_path / "cache") in message
    assert f"{nobody} cannot be reached" in message
    assert "--data DIR" in message
    assert "PLUGAX_DATA" in message


def test_without_the_variable_the_error_names_it(source, tmp_path, monkeypatch):
    monkeypatch.delenv("PLUGAX_DATA", raising=False)
    with pytest.raises(px.PlugaxError, match=r"PLUGAX_DATA/tiny \(not set\)"):
        download(source("missing"), tmp_path)


def test_a_cache_that_cannot_be_written_is_named(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(px.PlugaxError, match=rf"cannot be written to: .*{tmp_path / 'file'}"):
        download(source("good"), tmp_path / "file" / "cache")


def test_two_processes_may_fetch_at_once(mirrors, source, tmp_path):
    code = (
        "import json, pathlib, sys; from plugax_mnist._catalogue import Source; "
        "from plugax_mnist._download import download; "
        "mirror, checksums, cache = json.loads(sys.argv[1]); "
        "source = Source('tiny', 'Tiny', (), (mirror,), checksums); "
        "download(source, pathlib.Path(cache))"
    )
    arguments = json.dumps([mirrors.url("pairs"), CHECKSUMS, str(tmp_path / "cache")])
    command = [sys.executable, "-c", code, arguments]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert mirrors.asked.count(f"/pairs/{TEST_LABELS}.gz") == 2
    assert whole(tmp_path / "cache")


def test_an_interrupt_leaves_nothing_behind(source, tmp_path, monkeypatch):
    def interrupt(path, checksum):
        raise KeyboardInterrupt

    monkeypatch.setattr(_fetch, "check", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(source("good"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def screen(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def fetch_one(mirrors, cache, console, behaviour="good"):
    with bars("Tiny: fetching", console) as bar_of:
        bar = bar_of(TRAIN_IMAGES)
        _fetch.fetch(mirrors.url(behaviour), TRAIN_IMAGES, CHECKSUMS[TRAIN_IMAGES], cache, bar)
    return console.file.getvalue()


@pytest.mark.parametrize("behaviour", ["good", "sizeless"])
def test_a_terminal_shows_a_bar_for_each_file(mirrors, tmp_path, behaviour):
    drawn = fetch_one(mirrors, tmp_path, screen(terminal=True), behaviour)
    assert "Tiny: fetching" in drawn
    assert TRAIN_IMAGES in drawn
    if behaviour == "good":  # with its size, in units of 1000 bytes
        size = len(PACKED[f"{TRAIN_IMAGES}.gz"]) / 1000
        assert f"{size:.1f}/{size:.1f} kB" in drawn


def test_a_bar_ends_at_the_size_of_the_file_though_the_last_piece_is_counted_whole():
    progress = Progress(console=screen(terminal=True))
    bar = Bar(progress, "file")
    bar.total = 100
    for size in (64, 64):
        bar.update(size)
    bar.reset()
    bar.update(100)
    assert (progress.tasks[0].completed, progress.tasks[0].total) == (100, 100)


def test_a_log_gets_one_line_and_none_from_pooch(mirrors, tmp_path):
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logger = pooch.get_logger()
    level = logger.level
    logger.addHandler(handler)
    try:
        drawn = fetch_one(mirrors, tmp_path, screen(terminal=False))
    finally:
        logger.removeHandler(handler)
    assert drawn == "Tiny: fetching\n"
    assert heard.getvalue() == ""
    assert logger.level == level  # for whoever else uses pooch


def test_standard_output_stays_clean(source, tmp_path, capfd):
    download(source("missing", "good"), tmp_path)
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors == f"Tiny: fetching 4 files into {tmp_path}\n"


@pytest.mark.parametrize("source", [MNIST, FASHION_MNIST], ids=lambda source: source.name)
def test_each_set_has_several_mirrors_and_a_checksum_for_each_file(source):
    assert len(set(source.mirrors)) >= 2
    assert all(url.startswith("http") and url.endswith("/") for url in source.mirrors)
    assert source.checksums.keys() == set(FILES)
    for checksum in source.checksums.values():
        algorithm, digest = checksum.split(":")
        assert hashlib.new(algorithm, usedforsecurity=False).digest_size * 2 == len(digest)
    assert len(set(source.checksums.values())) == 4


def test_a_wrong_file_is_refused_by_either_sum(tmp_path):
    path = pathlib.Path(tmp_path / "file")
    path.write_bytes(b"content")
    for algorithm in ("sha256", "md5"):
        check(path, f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}")
        with pytest.raises(MirrorError, match=f"7 bytes with the {algorithm} sum"):
            check(path, f"{algorithm}:{hashlib.new(algorithm, b'another').hexdigest()}")
