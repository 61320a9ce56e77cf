"""Files of accounts: in a real storage and a real database."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import SQLModel

from creator_app.errors import InvalidInput, NotFound
from creator_app.infrastructure.database import Database
from creator_app.integrations.storage import LocalStorage
from creator_app.models import Account, Asset
from creator_app.services import assets
from creator_app.services.pictures import take_in
from creator_app.services.unit_of_work import Work

DATA = Path(__file__).parent.parent / "data" / "pictures"


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage", "secret")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.engine.dispose()


def keep(database: Database, storage: LocalStorage, content: bytes, name: str) -> Asset:
    with database.write() as session:
        account = Account(name="ann")
        session.add(account)
        session.flush()
        account_id = account.id
    with take_in(io.BytesIO(content), name, max_bytes=10**8, max_pixels=10**8) as taken:
        pending = assets.upload(storage, account_id, taken)
    with database.write() as session:
        return assets.record(Work(session), pending)


def test_a_picture_is_kept_and_found_again(database: Database, storage: LocalStorage) -> None:
    content = (DATA / "bowl.jpg").read_bytes()
    asset = keep(database, storage, content, "../Schüssel.jpg")
    with database.read() as session:
        row = session.get(Asset, asset.id)
        assert row is not None
        assert (row.filename, row.content_type, row.width, row.height) == (
            "Schüssel.jpg",
            "image/jpeg",
            320,
            213,
        )
        assert b"".join(storage.open(row.storage_key)) == content
        assert storage.stat(row.storage_key).size == row.size_bytes


def test_what_is_refused_leaves_nothing(database: Database, storage: LocalStorage) -> None:
    with pytest.raises(InvalidInput):
        keep(database, storage, (DATA / "bowl.jpg").read_bytes()[:3000], "half.jpg")
    assert storage.list().items == []


@pytest.mark.parametrize(("name", "mode"), [("bowl.jpg", "RGB"), ("cutout.png", "RGBA")])
def test_small_pictures_are_made_once_and_keep_transparency(
    database: Database, storage: LocalStorage, name: str, mode: str
) -> None:
    asset = keep(database, storage, (DATA / name).read_bytes(), name)
    key = assets.thumbnail(storage, asset, 96)
    path = storage.local_path(key)
    assert path is not None
    with Image.open(path) as small:
        assert (small.format, small.mode, small.width) == ("WEBP", mode, 96)
    before = path.stat().st_mtime_ns
    assert assets.thumbnail(storage, asset, 96) == key
    assert path.stat().st_mtime_ns == before


def test_a_picture_is_never_enlarged(database: Database, storage: LocalStorage) -> None:
    asset = keep(database, storage, (DATA / "bowl.jpg").read_bytes(), "bowl.jpg")
    with Image.open(storage.local_path(assets.thumbnail(storage, asset, 4000)) or "") as small:
        assert small.size == (320, 213)


class Distant(LocalStorage):
    """A storage without files on this machine, as a bucket is."""

    def local_path(self, key: str) -> None:
        return None


def test_small_pictures_are_made_from_a_distant_storage_too(database: Database, tmp_path: Path) -> None:
    storage = Distant(tmp_path / "bucket", "secret")
    asset = keep(database, storage, (DATA / "bowl.jpg").read_bytes(), "bowl.jpg")
    small = b"".join(storage.open(assets.thumbnail(storage, asset, 64)))
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.width == 64


def test_what_is_no_picture_has_no_small_one(database: Database, storage: LocalStorage) -> None:
    asset = keep(database, storage, (DATA / "bowl.jpg").read_bytes(), "bowl.jpg")
    storage.put(asset.storage_key, b"no picture any more")
    with pytest.raises(NotFound):
        assets.thumbnail(storage, asset, 64)
    assert [item.key for item in storage.list("thumbs").items] == []


def test_deleting_takes_the_small_pictures_along(database: Database, storage: LocalStorage) -> None:
    asset = keep(database, storage, (DATA / "bowl.jpg").read_bytes(), "bowl.jpg")
    assets.thumbnail(storage, asset, 64)
    assets.delete_files(storage, asset)
    assert storage.list().items == []
