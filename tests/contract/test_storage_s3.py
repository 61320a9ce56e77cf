"""What is special about a bucket: addresses for browsers, rules, encryption, uploads that break off."""

import io
import multiprocessing
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage import Storage, open_storage
from creator_app.integrations.storage.disposition import disposition
from creator_app.integrations.storage.s3 import PART_BYTES
from creator_app.integrations.storage.s3_bucket import RULE_ID

SAVED = {"content_type": "application/octet-stream", "disposition": 'attachment; filename="a.html"'}


@pytest.fixture
def url(s3_server: str) -> str:
    """A bucket that is not there yet, as an address."""
    return f"{s3_server}/test-{secrets.token_hex(4)}?secure=0"


@pytest.fixture
def s3(url: str) -> Storage:
    return open_storage(url, "secret")


@pytest.fixture
def public(url: str) -> Storage:
    """The same bucket for an operator who says that browsers reach the server."""
    return open_storage(
        f"{url}&public={quote('http://' + urlsplit(url).netloc.rpartition('@')[2])}", "secret"
    )


def client_of(url: str) -> tuple[Minio, str]:
    parts = urlsplit(url)
    endpoint = parts.netloc.rpartition("@")[2]
    client = Minio(endpoint, "creator", "se/cret", secure=False, region="us-east-1")
    return client, parts.path.strip("/")


def changed(address: str, **values: str) -> str:
    """An address with parts of its query changed."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query)) | {name.replace("_", "-"): value for name, value in values.items()}
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


class TestAddressesForBrowsers:
    """Presigned by us, answered by the server."""

    def test_there_are_none_unless_browsers_reach_the_server(self, s3: Storage) -> None:
        s3.put("a", b"1")
        assert s3.direct_url("a", 60, **SAVED) is None
        assert s3.signed_upload_url("a", 60) is None
        assert s3.signed_url("a", 60).startswith("/api/v1/files/a?")

    def test_type_and_name_are_what_we_say(self, public: Storage) -> None:
        public.put("results/ü 1", b"<script>", "text/html")
        name = disposition("Käse “1”.html", inline=False)
        address = public.direct_url("results/ü 1", 60, content_type="image/png", disposition=name)
        answer = httpx.get(str(address))
        assert (answer.status_code, answer.content) == (200, b"<script>")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"] == name
        assert answer.headers["cache-control"] == "private, no-cache"

    def test_ranges_work(self, public: Storage) -> None:
        public.put("a", b"0123456789")
        answer = httpx.get(str(public.direct_url("a", 60, **SAVED)), headers={"Range": "bytes=2-4"})
        assert (answer.status_code, answer.content) == (206, b"234")

    @pytest.mark.parametrize(
        "change",
        [
            {"response_content_type": "text/html"},
            {"response_content_disposition": "inline"},
            {"X_Amz_Expires": "600000"},
            {"X_Amz_Signature": "0" * 64},
        ],
    )
    def test_nothing_of_it_can_be_changed(self, public: Storage, change: dict[str, str]) -> None:
        public.put("a", b"<script>", "text/html")
        address = str(public.direct_url("a", 60, **SAVED))
        assert httpx.get(changed(address)).status_code == 200
        assert httpx.get(changed(address, **change)).status_code == 403
        assert httpx.get(address.replace("/a?", "/b?")).status_code == 403
        assert httpx.delete(address).status_code == 403
        assert httpx.get(address.partition("?")[0]).status_code == 403

    def test_it_ends(self, public: Storage) -> None:
        public.put("a", b"1")
        address = str(public.direct_url("a", 1, **SAVED))
        time.sleep(2.1)  # times in it are whole seconds
        assert httpx.get(address).status_code == 403

    def test_a_signed_address_is_only_downloaded(self, public: Storage) -> None:
        public.put("in/a.html", b"<script>", "text/html")
        answer = httpx.get(public.signed_url("in/a.html", 60))
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith('attachment; filename="a.html"')
        named = httpx.get(public.signed_url("in/a.html", 60, "b.txt"))
        assert 'filename="b.txt"' in named.headers["content-disposition"]

    def test_a_file_can_be_sent_to_one(self, public: Storage) -> None:
        public.prepare()
        address = str(public.signed_upload_url("in/a", 60))
        assert httpx.put(address.replace("in/a", "in/b"), content=b"1").status_code == 403
        assert httpx.put(address, content=b"sent").status_code == 200
        assert b"".join(public.open("in/a")) == b"sent"
        assert httpx.get(address).status_code == 403

    @pytest.mark.parametrize("key", ["", "../a", "/a"])
    def test_bad_keys_are_refused(self, public: Storage, key: str) -> None:
        for ask in (lambda: public.direct_url(key, 60, **SAVED), lambda: public.signed_upload_url(key, 60)):
            with pytest.raises(StorageError):
                ask()


class TestRules:
    """What `prepare` asks of the server."""

    def test_unfinished_uploads_are_cleared_away(self, s3: Storage, url: str) -> None:
        assert s3.lacks() == ["the bucket is not there yet"]
        s3.prepare()
        s3.prepare()
        assert s3.lacks() == []
        client, bucket = client_of(url)
        (rule,) = client.get_bucket_lifecycle(bucket).rules  # type: ignore[union-attr]
        assert rule.rule_id == RULE_ID
        assert rule.abort_incomplete_multipart_upload is not None
        assert rule.abort_incomplete_multipart_upload.days_after_initiation == 1
        assert rule.expiration is None

    def test_the_operators_own_rules_stay(self, s3: Storage, url: str) -> None:
        client, bucket = client_of(url)
        client.make_bucket(bucket)
        own = Rule(ENABLED, rule_filter=Filter(prefix="old/"), rule_id="own", expiration=Expiration(days=30))
        client.set_bucket_lifecycle(bucket, LifecycleConfig([own]))
        assert "lifecycle" in s3.lacks()[0]
        s3.prepare()
        rules = client.get_bucket_lifecycle(bucket).rules  # type: ignore[union-attr]
        assert sorted(str(rule.rule_id) for rule in rules) == [RULE_ID, "own"]

    def test_files_are_encrypted_where_asked(self, s3: Storage, url: str) -> None:
        encrypted = open_storage(f"{url}&sse=s3", "secret")
        encrypted.prepare()
        encrypted.put("small", b"1")
        encrypted.put("big", (b"0" * 2**20 for _ in range(PART_BYTES // 2**20 + 1)))
        encrypted.move("small", "moved")
        client, bucket = client_of(url)
        for key in ("big", "moved"):
            metadata = client.stat_object(bucket, key).metadata
            assert metadata["X-Amz-Server-Side-Encryption"] == "AES256"
        assert b"".join(s3.open("moved")) == b"1"

    def test_the_key_to_encrypt_with_is_named(self) -> None:
        with recording() as (address, requests):
            open_storage(f"s3://k:s@{address}/bucket?secure=0&sse=kms:key-1", "").put("a", b"1")
        (headers,) = [headers for method, path, headers in requests if (method, path) == ("PUT", "/bucket/a")]
        assert headers["x-amz-server-side-encryption"] == "aws:kms"
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"

    def test_a_server_that_refuses_rules_still_stores(self, caplog: pytest.LogCaptureFixture) -> None:
        with recording() as (address, _):
            storage = open_storage(f"s3://k:s@{address}/bucket?secure=0&sse=s3", "")
            storage.prepare()
            storage.put("a", b"1")
        assert "refuses to clear away unfinished uploads" in caplog.text
        assert "refuses to encrypt" in caplog.text


@contextmanager
def recording() -> Iterator[tuple[str, list[tuple[str, str, dict[str, str]]]]]:
    """A server that stores nothing, knows no rules, and writes down what it is asked."""
    requests: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            requests.append((self.command, path, {name.lower(): text for name, text in self.headers.items()}))
            refused = query.startswith(("lifecycle", "encryption"))
            body = b"<Error><Code>NotImplemented</Code></Error>" if refused else b""
            self.send_response(405 if refused else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = answer  # noqa: N815 (the library's names)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", requests
        server.shutdown()


class TestBigFiles:
    """Several parts."""

    def test_many_parts_come_back_as_one(self, s3: Storage) -> None:
        data = os.urandom(1000) * (2 * PART_BYTES // 1000 + 7)
        assert s3.put("big", io.BytesIO(data)).size == len(data)
        assert b"".join(s3.open("big")) == data
        assert (
            b"".join(s3.open("big", PART_BYTES - 3, PART_BYTES + 3)) == data[PART_BYTES - 3 : PART_BYTES + 3]
        )

    def test_a_sender_that_breaks_off_late_leaves_no_part_and_no_thread(self, s3: Storage, url: str) -> None:
        def breaks_off() -> Iterator[bytes]:
            for _ in range(2 * PART_BYTES // 2**20 + 1):
                yield b"0" * 2**20
            raise ConnectionError("gone")

        threads = threading.active_count()
        with pytest.raises(ConnectionError, match="gone"):
            s3.put("big", breaks_off())
        assert threading.active_count() <= threads, "others of this process may have ended meanwhile"
        assert unfinished(url) == [] and s3.list().items == []

    def test_a_killed_sender_leaves_nothing_to_be_seen(self, s3: Storage, url: str) -> None:
        s3.put("there/big", b"before")
        sending = multiprocessing.get_context("spawn").Process(
            target=send_without_end, args=(url, "there/big")
        )
        sending.start()
        until = time.monotonic() + 30
        while not unfinished(url) and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(int(sending.pid or 0), signal.SIGKILL)
        sending.join()
        assert unfinished(url) == ["there/big"]
        assert [(item.key, item.size) for item in s3.list().items] == [("there/big", 6)]
        assert b"".join(s3.open("there/big")) == b"before"
        with pytest.raises(NotFound):
            s3.open("there/none")


def unfinished(url: str) -> list[str]:
    """Keys of uploads that were begun and not ended."""
    client, bucket = client_of(url)
    found = client._list_multipart_uploads(bucket, prefix="")
    return [str(upload.object_name) for upload in found.uploads]


def send_without_end(url: str, key: str) -> None:
    """Sends a file that never ends; for a process that is killed."""

    def slowly() -> Iterator[bytes]:
        while True:
            yield b"0" * 2**20
            time.sleep(0.01)

    open_storage(url, "").put(key, slowly())
