"""What every storage must do."""

import errno
import hashlib
import io
import os
import secrets
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage import LocalStorage, open_storage
from creator_app.integrations.storage.local import _told

BAD_KEYS = [
    "",
    "/etc/passwd",
    "..",
    "a/../b",
    "../a",
    "a//b",
    "a/",
    "a/./b",
    ".hidden",
    "a/.hidden",
    "a\\b",
    "a\0b",
    "a\nb",
    " a",
    "a/b ",
    "x" * 300,
    "/".join(["x" * 100] * 10),
]


@pytest.fixture
def local(tmp_path):
    return open_storage((tmp_path / "with space ü").as_uri(), "secret")


@pytest.fixture
def s3(s3_server):
    return open_storage(f"{s3_server}/test-{secrets.token_hex(4)}?secure=0", "secret")


@pytest.fixture(params=["local", "s3"])
def storage(request):
    return request.getfixturevalue(request.param)


def content(storage, key, *span):
    return b"".join(storage.open(key, *span))


@pytest.mark.parametrize(
    "source", [lambda data: data, io.BytesIO, lambda data: (data[i : i + 7] for i in range(0, len(data), 7))]
)
def test_what_was_put_comes_back(storage, source):
    data = os.urandom(1000)
    stored = storage.put("jobs/1/a.png", source(data))
    assert (stored.key, stored.size) == ("jobs/1/a.png", 1000)
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert stored.content_type == "image/png"
    assert content(storage, "jobs/1/a.png") == data


def test_an_empty_file_is_a_file(storage):
    assert storage.put("a", b"").size == 0
    assert content(storage, "a") == b""


def test_the_later_one_replaces(storage):
    storage.put("a", b"first")
    storage.put("a", b"2")
    assert content(storage, "a") == b"2"


def test_a_big_file_is_never_whole_in_memory(storage):
    piece = os.urandom(1 << 20)
    assert storage.put("big", (piece for _ in range(32))).size == 32 << 20
    assert max(len(chunk) for chunk in storage.open("big")) <= 1 << 20


@pytest.mark.parametrize(
    ("span", "expected"),
    [((0, 4), b"0123"), ((3,), b"3456789"), ((2, 5), b"234"), ((8, 99), b"89"), ((10,), b""), ((5, 5), b"")],
)
def test_parts_can_be_read(storage, span, expected):
    storage.put("a", b"0123456789")
    assert content(storage, "a", *span) == expected


def test_a_sender_that_breaks_off_leaves_nothing(storage):
    storage.put("a", b"before")

    def breaks_off():
        yield b"half"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        storage.put("a", breaks_off())
    with pytest.raises(ConnectionError):
        storage.put("b", breaks_off())
    assert content(storage, "a") == b"before"
    assert [item.key for item in storage.list().items] == ["a"]


def test_readers_see_a_file_whole_while_it_is_replaced(storage):
    storage.put("a", b"0" * 500_000)
    stop = threading.Event()
    seen = set()

    def read():
        while not stop.is_set():
            data = content(storage, "a")
            seen.add((len(data), len(set(data))))

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(20):
        storage.put("a", str(number % 10).encode() * 500_000)
    stop.set()
    thread.join()
    assert seen == {(500_000, 1)}


def test_what_is_not_there_is_said_at_once(storage):
    for ask in (storage.open, storage.stat, lambda key: storage.move(key, "b")):
        with pytest.raises(NotFound):
            ask("a/none")
    assert not storage.exists("a/none")
    assert storage.local_path("a/none") is None
    storage.delete("a/none")


def test_a_folder_is_no_file(storage):
    storage.put("a/b", b"1")
    assert not storage.exists("a")
    for ask in (storage.open, storage.stat):
        with pytest.raises(NotFound):
            ask("a")
    storage.delete("a")
    assert storage.exists("a/b")


def test_size_and_type_are_known(storage):
    storage.put("a/ü b.jpg", b"123")
    stat = storage.stat("a/ü b.jpg")
    assert (stat.key, stat.size, stat.content_type) == ("a/ü b.jpg", 3, "image/jpeg")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_keys_are_refused_everywhere(storage, key):
    calls = [
        lambda: storage.put(key, b"x"),
        lambda: storage.open(key),
        lambda: storage.stat(key),
        lambda: storage.exists(key),
        lambda: storage.delete(key),
        lambda: storage.local_path(key),
        lambda: storage.signed_url(key, 60),
        lambda: storage.direct_url(key, 60, content_type="image/png", disposition="inline"),
        lambda: storage.signed_upload_url(key, 60),
        lambda: storage.move(key, "b"),
        lambda: storage.move("b", key),
    ]
    for call in calls:
        with pytest.raises(StorageError) as caught:
            call()
        assert not caught.value.retryable


def test_deleted_is_gone(storage):
    storage.put("a/b/c", b"1")
    storage.delete("a/b/c")
    assert not storage.exists("a/b/c")
    assert storage.list().items == []


def test_an_empty_folder_of_this_machine_is_gone_too(local):
    local.put("a/b/c", b"1")
    local.delete("a/b/c")
    local.put("b/1", b"1")
    local.move("b/1", "c/1")
    assert local.folders() == ["c"]


def test_a_folder_is_deleted_with_all_in_it_and_nothing_else(storage):
    for key in ("jobs/1/a", "jobs/1/b/c", "jobs/10/a", "jobs/2"):
        storage.put(key, b"1")
    assert storage.delete_prefix("jobs/1/") == 2
    assert [item.key for item in storage.list().items] == ["jobs/10/a", "jobs/2"]
    assert storage.delete_prefix("none") == 0
    assert storage.delete_prefix("") == 2
    with pytest.raises(StorageError):
        storage.delete_prefix("../")


def test_lists_come_in_pages(storage):
    keys = sorted([f"a/{number}" for number in range(7)] + ["a/b/1", "a-b/1"])
    for key in keys:
        storage.put(key, key.encode())
    found, cursor = [], None
    while True:
        page = storage.list("a", cursor, limit=3)
        found += [(item.key, item.size) for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [(key, len(key)) for key in keys if key.startswith("a/")]
    assert sorted(item.key for item in storage.list().items) == keys
    assert storage.list("none").items == []


def test_a_list_goes_on_where_it_was_though_the_file_there_is_gone(storage):
    for number in range(6):
        storage.put(f"a/{number}/x", b"1")
    page = storage.list("a", limit=3)
    storage.delete(page.items[-1].key)
    assert [item.key for item in storage.list("a", page.cursor).items] == ["a/3/x", "a/4/x", "a/5/x"]


def test_the_version_is_another_when_the_content_is(storage):
    storage.put("a", b"1")
    first = storage.stat("a").version
    assert first == storage.stat("a").version == storage.list().items[0].version
    storage.put("a", b"2")
    assert storage.stat("a").version not in ("", first)


def test_preparing_twice_does_no_harm(storage):
    storage.prepare()
    storage.put("a", b"1")
    storage.prepare()
    assert content(storage, "a") == b"1"
    assert storage.lacks() == []


def test_what_a_killed_process_left_half_written_is_cleared_away_after_a_day(local, tmp_path):
    local.put("a", b"1")
    left = [tmp_path / "with space ü" / ".unfinished" / name for name in ("old", "new")]
    for file in left:
        file.write_bytes(b"half")
    os.utime(left[0], (0, 0))
    local.prepare()
    assert [file.exists() for file in left] == [False, True]
    assert [item.key for item in local.list().items] == ["a"]


def test_folders_are_listed_one_level_deep(storage):
    for key in ("a/x/1", "a/y/z/1", "a/file", "b/1"):
        storage.put(key, b"1")
    assert storage.folders() == ["a", "b"]
    assert storage.folders("a") == ["x", "y"]
    assert storage.folders("none") == []


def test_a_move_renames_and_replaces(storage):
    storage.put("a/1", b"new")
    storage.put("b/1", b"old")
    storage.move("a/1", "b/1")
    assert content(storage, "b/1") == b"new"
    assert not storage.exists("a/1")
    storage.move("b/1", "b/1")
    assert content(storage, "b/1") == b"new"


def parts_of(url):
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return int(query["expires"]), query["signature"], query.get("filename")


class TestSignedAddresses:
    """Addresses that Creator itself answers."""

    def test_a_genuine_one_is_accepted(self, storage):
        url = storage.signed_url("a/ü 1.png", 60, "my picture.png")
        assert unquote(urlsplit(url).path).endswith("/files/a/ü 1.png")
        assert storage.verify_signature("a/ü 1.png", *parts_of(url))

    def test_it_ends(self, storage):
        expires, signature, _ = parts_of(storage.signed_url("a", 1))
        assert storage.verify_signature("a", expires, signature)
        time.sleep(expires - time.time() + 0.05)
        assert not storage.verify_signature("a", expires, signature)

    def test_nothing_of_it_can_be_changed(self, storage):
        expires, signature, name = parts_of(storage.signed_url("a", 60, "n"))
        assert not storage.verify_signature("b", expires, signature, name)
        assert not storage.verify_signature("a", expires + 1, signature, name)
        assert not storage.verify_signature("a", expires, signature, "other")
        assert not storage.verify_signature("a", expires, signature, None)
        assert not storage.verify_signature("a", expires, "0" * 64, name)
        assert not storage.verify_signature("a", expires, "ünï", name)

    def test_another_secret_signs_otherwise(self, storage, tmp_path):
        other = LocalStorage(tmp_path, "other")
        assert not other.verify_signature("a", *parts_of(storage.signed_url("a", 60)))


def test_a_local_file_can_be_opened_by_its_path(local):
    local.put("a/1", b"x")
    assert local.local_path("a/1").read_bytes() == b"x"


def test_folders_that_empty_and_fill_at_once_lose_nothing(local):
    errors = []

    def churn(name):
        try:
            for number in range(150):
                local.put(f"shared/folder/{name}", str(number).encode())
                assert content(local, f"shared/folder/{name}") == str(number).encode()
                local.delete(f"shared/folder/{name}")
        except Exception as error:  # noqa: BLE001 (it is told below)
            errors.append(error)

    threads = [threading.Thread(target=churn, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_disk_that_refuses_is_told_without_a_path(tmp_path):
    (tmp_path / "file").write_text("")
    storage = LocalStorage(tmp_path / "file" / "below", "secret")
    with pytest.raises(StorageError) as caught:
        storage.put("a", b"1")
    assert str(tmp_path) not in caught.value.message


def test_what_can_pass_may_be_tried_again_and_what_can_not_may_not():
    with pytest.raises(StorageError) as caught:
        LocalStorage(Path("/proc/creator"), "secret").put("a", b"1")
    assert caught.value.retryable  # the folder may come back: a disk that is not mounted yet
    with pytest.raises(StorageError) as caught, _told("a"):
        raise OSError(errno.EACCES, "Permission denied")
    assert not caught.value.retryable
    with pytest.raises(StorageError, match="No space") as caught, _told("a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.retryable and "Make room" in caught.value.hint


@pytest.mark.parametrize("url", ["", "/srv", "ftp://h/x", "file://otherhost/x", "s3://k:s@h"])
def test_an_address_that_names_no_storage_is_refused(url):
    with pytest.raises(StorageError, match="STORAGE_URL"):
        open_storage(url, "secret")


def test_a_server_that_is_away_is_said_soon_and_may_come_back():
    away = open_storage("s3://k:s@127.0.0.1:1/bucket?secure=0", "secret")
    for call in (lambda: away.put("a", b"1"), lambda: away.exists("a"), lambda: away.open("a"), away.list):
        with pytest.raises(StorageError) as caught:
            call()
        assert caught.value.retryable


def test_a_wrong_password_is_told_and_never_shown(s3_server):
    wrong = open_storage(s3_server.replace("se%2Fcret", "hidden") + "/bucket?secure=0", "secret")
    with pytest.raises(StorageError) as caught:
        wrong.put("a", b"1")
    assert "hidden" not in str(caught.value)
    assert not caught.value.retryable


def test_a_forked_child_has_connections_of_its_own(s3):
    s3.put("a", b"parent")
    pid = os.fork()
    if pid == 0:
        os._exit(0 if content(s3, "a") == b"parent" and s3.put("b", b"child") else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert content(s3, "b") == b"child"
