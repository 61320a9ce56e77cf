"""Old encryption keys can be taken away."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.encryption import Encryptor
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Account, ComfyServer, OAuthFlow, OAuthGrant, User
from creator_app.models.base import utcnow
from creator_app.services import keys
from creator_app.services.unit_of_work import UnitOfWork
from tests.google_drive.world import Heard

OLD, BOTH, NEW = Encryptor(["old key"]), Encryptor(["new key", "old key"]), Encryptor(["new key"])


@pytest.fixture
def uow(tmp_path: Path) -> Iterator[UnitOfWork]:
    url = f"sqlite:///{tmp_path / 'creator.db'}"
    upgrade(url)
    with closing(Database(url)) as database:
        made = UnitOfWork(database, Heard())
        with made.write() as work:
            account = Account(name="ana")
            work.session.add(account)
            work.session.flush()
            user = User(account_id=account.id, email="ana@example.com")
            work.session.add(user)
            work.session.flush()
            for n in range(250):
                work.session.add(
                    OAuthGrant(
                        user_id=user.id,
                        account_id=account.id,
                        provider="google",
                        purpose="drive",
                        subject=str(n),
                        refresh_token_encrypted=OLD.encrypt(f"token {n}"),
                    )
                )
            work.session.add(ComfyServer(url="http://gpu:8188", headers_encrypted=OLD.encrypt("{}")))
            work.session.add(
                OAuthFlow(
                    state_hash="s",
                    session_hash="s",
                    user_id=user.id,
                    purpose="drive",
                    verifier_encrypted=OLD.encrypt("v"),
                    expires_at=utcnow(),
                )
            )
        yield made


def grants(uow: UnitOfWork) -> list[OAuthGrant]:
    with uow.read() as work:
        return list(work.session.query(OAuthGrant).order_by(OAuthGrant.id))


def test_every_secret_comes_under_the_first_key(uow: UnitOfWork) -> None:
    assert keys.rotate(uow, BOTH) == keys.Rotation(changed=252)
    assert keys.rotate(uow, BOTH) == keys.Rotation(fine=252)
    assert sorted(NEW.decrypt(str(row.refresh_token_encrypted)) for row in grants(uow)) == sorted(
        f"token {n}" for n in range(250)
    )


def test_a_death_in_between_is_made_good_by_a_repeat(uow: UnitOfWork) -> None:
    class Killed(Encryptor):
        left = 130

        def rotate(self, ciphertext: str) -> str:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().rotate(ciphertext)

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(uow, Killed(["new key", "old key"]))
    done = keys.rotate(uow, BOTH)
    assert (done.changed, done.fine, done.lost) == (152, 100, 0)


def test_a_secret_that_no_key_opens_is_counted_and_left_alone(uow: UnitOfWork) -> None:
    before = [row.refresh_token_encrypted for row in grants(uow)]
    assert keys.rotate(uow, NEW) == keys.Rotation(lost=252)
    assert [row.refresh_token_encrypted for row in grants(uow)] == before


def test_no_column_is_forgotten() -> None:
    named = {(model.__tablename__, column) for model, columns in keys.ENCRYPTED for column in columns}
    there = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_encrypted")
    }
    assert named == there
