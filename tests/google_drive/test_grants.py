"""Keeping access to a Drive, and noticing its end."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from creator_app.integrations.drop_folders import AccessEnded, PlaceBusy
from creator_app.models import Delivery, DropFolder, DropSource, OAuthGrant, Outbox
from creator_app.models.base import utcnow
from tests.google_drive.world import World

ROOT = Path(__file__).parents[2]


def let_it_end(world: World, grant_id: UUID) -> None:
    with world.changing(OAuthGrant, grant_id) as row:
        row.expires_at = utcnow() + timedelta(minutes=4)


def test_a_token_is_used_until_shortly_before_its_end(world: World) -> None:
    grant_id = world.connect().grant_id
    first = world.drives.grants.access_token(grant_id)
    assert world.drives.grants.access_token(grant_id) == first
    let_it_end(world, grant_id)
    second = world.drives.grants.access_token(grant_id)
    assert second != first
    assert world.process().grants.access_token(grant_id) == second
    assert world.grant(grant_id).refresh_token_lease is None


def test_a_token_that_google_does_not_take_is_renewed(world: World) -> None:
    done = world.connect()
    world.drive.oauth.expire_access_tokens()
    place = world.drives.place(world.source(done.grant_id))
    assert place.look("root").name
    assert world.drive.calls()["oauth.token"] == 2


def test_several_processes_renew_a_token_once(each_world: World) -> None:
    world = each_world
    grant_id = world.connect().grant_id
    stale = world.drives.grants.access_token(grant_id)
    world.drive.clear_log()
    world.drive.fault("slow", "oauth.token", seconds=0.5)
    told = json.dumps(
        {"url": world.url, "rules": asdict(world.rules), "grant": str(grant_id), "stale": stale}
    )
    command = [sys.executable, "-m", "tests.google_drive.refresher", told]
    racers = [
        subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for one in racers:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    got = {one.communicate("go\n", timeout=30)[0] for one in racers}
    assert len(got) == 1 and stale not in got
    assert world.drive.calls()["oauth.token"] == 1


def test_several_threads_of_one_place_renew_once(world: World) -> None:
    done = world.connect()
    place = world.drives.place(world.source(done.grant_id))
    world.drive.oauth.expire_access_tokens()
    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(lambda _: place.look("root").name, range(6)))
    assert len(set(names)) == 1
    assert world.drive.calls()["oauth.token"] == 2


def test_an_answer_for_an_old_consent_changes_nothing(each_world: World) -> None:
    world = each_world
    done = world.connect()
    let_it_end(world, done.grant_id)
    world.drive.fault("slow", "oauth.token", seconds=0.6, times=1)
    late = threading.Thread(target=world.process().grants.access_token, args=(done.grant_id,))
    late.start()
    while world.grant(done.grant_id).refresh_token_lease is None:
        pass
    world.connect()
    kept = world.grant(done.grant_id)
    late.join()
    now = world.grant(done.grant_id)
    assert (now.access_token_encrypted, now.generation) == (kept.access_token_encrypted, 2)


def test_a_refusal_of_an_old_consent_ends_no_new_one(each_world: World) -> None:
    world = each_world
    done = world.connect()
    let_it_end(world, done.grant_id)
    world.drive.fault("slow", "oauth.token", seconds=0.6, times=1)
    refused: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(AccessEnded) as caught:
            world.process().grants.access_token(done.grant_id)
        refused.append(caught.value)

    world.drive.user("ana@example.com").revoke_apps()
    late = threading.Thread(target=ask)
    late.start()
    while world.grant(done.grant_id).refresh_token_lease is None:
        pass
    world.connect()
    late.join()
    assert refused and world.grant(done.grant_id).state == "active"
    assert world.rows(Outbox) == []
    world.drives.grants.ended(done.grant_id, "somebody heard it late")
    assert world.grant(done.grant_id).state == "active"


def test_a_process_that_dies_while_it_renews_holds_nobody_up_for_ever(world: World) -> None:
    grant_id = world.connect().grant_id
    let_it_end(world, grant_id)
    with world.changing(OAuthGrant, grant_id) as row:
        row.refresh_token_lease, row.refresh_until = "of a dead one", utcnow() - timedelta(seconds=1)
    assert world.drives.grants.access_token(grant_id)


@pytest.mark.parametrize("fault", ["503", "cut_before", "cut_response"])
def test_google_not_answering_ends_no_grant(world: World, fault: str) -> None:
    grant_id = world.connect().grant_id
    let_it_end(world, grant_id)
    world.drive.fault(fault, "oauth.token", times=6)
    with pytest.raises(PlaceBusy):
        world.drives.grants.access_token(grant_id)
    assert world.grant(grant_id).state == "active"
    assert world.grant(grant_id).refresh_token_lease is None


def test_a_single_401_ends_no_grant(world: World) -> None:
    done = world.connect()
    world.drive.fault("authError", "files.get", times=2)
    assert world.drives.place(world.source(done.grant_id)).look("root").name
    assert world.grant(done.grant_id).state == "active"


@pytest.mark.parametrize("how", ["revoke_apps", "expire_refresh_tokens"])
def test_an_end_is_noticed_and_told_once_for_each_consent(each_world: World, how: str) -> None:
    world = each_world
    done = world.connect()
    for consents in (1, 2):
        getattr(world.drive.user("ana@example.com"), how)()
        world.drive.oauth.expire_access_tokens()
        for _ in range(3):
            with pytest.raises(AccessEnded):
                world.drives.place(world.source(done.grant_id)).look("root")
            world.drives.grants.ended(done.grant_id, "a courier heard it")
        grant = world.grant(done.grant_id)
        assert grant.state in ("revoked", "expired") and grant.last_error
        assert world.source(done.grant_id).state == "disconnected"
        told = world.rows(Outbox)
        assert [row.cause for row in told] == [
            f"drive_disconnected:{grant.id}:{n}" for n in range(1, consents + 1)
        ]
        assert {(row.kind, row.user_id) for row in told} == {("drive_disconnected", world.user.id)}
        world.connect()
        assert world.source(done.grant_id).state == "ok"


def test_everything_goes_on_where_it_stopped_after_connecting_again(world: World) -> None:
    done = world.connect()
    later = utcnow() + timedelta(hours=1)
    with world.uow.write() as work:
        folder = DropFolder(
            source_id=done.source_id,
            account_id=world.user.account_id,
            user_id=world.user.id,
            remote_id="f",
            name="F",
            recipe_slug="x",
        )
        work.session.add(folder)
        work.session.flush()
        work.session.add(
            Delivery(
                account_id=world.user.account_id,
                folder_id=folder.id,
                kind="drive",
                target="F",
                cause="c",
                next_at=later,
            )
        )
        source = work.session.exec(select(DropSource)).one()
        source.token, source.next_look_at, source.next_listing_at = "17", later, later
        work.session.add(source)
    world.drive.user("ana@example.com").revoke_apps()
    with pytest.raises(AccessEnded):
        world.drives.grants.access_token(done.grant_id, world.drives.grants.access_token(done.grant_id))
    world.connect()
    source, (delivery,) = world.source(done.grant_id), world.rows(Delivery)
    soon = utcnow() + timedelta(seconds=5)
    assert source.token == "17" and source.next_look_at < soon and source.next_listing_at < soon
    assert delivery.state == "waiting" and delivery.next_at < soon
    assert [row.enabled for row in world.rows(DropFolder)] == [True]


def test_calls_wait_for_their_turn_instead_of_failing(world: World) -> None:
    done = world.connect()
    drives = world.process(drive_rate="1000/second", drive_rate_each="2/second")
    place = drives.place(world.source(done.grant_id))
    before = utcnow()
    for _ in range(4):
        place.look("root")
    assert utcnow() - before > timedelta(seconds=0.9)
