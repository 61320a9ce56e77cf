"""Connecting a Drive: the way to Google and back can be gone once, by one person, in one browser."""

import httpx
import pytest
from sqlmodel import select

from creator_app.errors import CreatorError
from creator_app.infrastructure.database import db_now
from creator_app.integrations.drop_folders import PlaceBusy
from creator_app.integrations.google_drive.tokens import ConsentBroken, ConsentRefused
from creator_app.models import Account, DropFile, DropFolder, DropSource, OAuthFlow, OAuthGrant, User
from creator_app.models.base import utcnow
from creator_app.services.drive_grants import GoogleNotSetUp, Returned
from tests.google_drive.world import BACK, SESSION, World, came_back


def test_connecting_keeps_what_is_needed_and_nothing_in_plain_text(world: World) -> None:
    done = world.connect()
    grant = world.grant(done.grant_id)
    assert (grant.email, grant.state, grant.purpose) == ("ana@example.com", "active", "drive")
    assert "https://www.googleapis.com/auth/drive" in grant.scopes.split()
    assert done.return_to == "/folders"
    stored = f"{grant.access_token_encrypted} {grant.refresh_token_encrypted}"
    token = world.drives.grants.access_token(done.grant_id)
    assert token not in stored and token not in repr(grant)
    assert world.source(done.grant_id).address == str(done.grant_id)
    assert world.rows(OAuthFlow) == []


def test_google_is_asked_for_lasting_access_with_pkce(world: World) -> None:
    url = httpx.URL(world.drives.grants.begin(world.user.id, SESSION, BACK, "/folders"))
    asked = dict(url.params)
    assert asked["access_type"] == "offline" and asked["prompt"] == "consent"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert asked["include_granted_scopes"] == "true" and asked["redirect_uri"] == BACK
    (flow,) = world.rows(OAuthFlow)
    assert asked["state"] not in (flow.state_hash, flow.verifier_encrypted)
    assert SESSION not in flow.session_hash


def test_the_way_back_works_once(each_world: World) -> None:
    world = each_world
    returned = world.go_to_google()
    world.drives.grants.finish(world.user, SESSION, returned, BACK)
    with pytest.raises(ConsentBroken):
        world.drives.grants.finish(world.user, SESSION, returned, BACK)


def test_the_way_back_works_in_the_same_session_and_for_the_same_person_alone(world: World) -> None:
    returned = world.go_to_google()
    with world.uow.write() as work:
        account = Account(name="eve")
        work.session.add(account)
        work.session.flush()
        eve = User(account_id=account.id, email="eve@creator.example")
        work.session.add(eve)
    for user, session, state in (
        (world.user, "another browser", returned.state),
        (eve, SESSION, returned.state),
        (world.user, SESSION, "made up"),
        (world.user, SESSION, None),
    ):
        with pytest.raises(ConsentBroken):
            world.drives.grants.finish(user, session, Returned(state, returned.code, None), BACK)
    assert world.rows(OAuthGrant) == []
    assert world.drives.grants.finish(world.user, SESSION, returned, BACK).grant_id, (
        "a stranger spoils nothing"
    )


def test_the_way_back_ends_after_ten_minutes(world: World) -> None:
    returned = world.go_to_google()
    (flow,) = world.rows(OAuthFlow)
    with world.changing(OAuthFlow, flow.id) as row:
        row.expires_at = utcnow()
    with pytest.raises(ConsentBroken, match="too long"):
        world.drives.grants.finish(world.user, SESSION, returned, BACK)
    assert world.rows(OAuthFlow) == []


def test_saying_no_is_no_trouble(world: World) -> None:
    url = world.drives.grants.begin(world.user.id, SESSION, BACK, "/folders")
    location = httpx.post(url, data={"decision": "deny"}).headers["location"]
    with pytest.raises(ConsentRefused):
        world.drives.grants.finish(world.user, SESSION, came_back(location), BACK)
    assert world.rows(OAuthGrant) == []


def test_a_box_left_unticked_is_said_clearly(world: World) -> None:
    with pytest.raises(ConsentRefused, match="not ticked"):
        world.connect(scopes=set())
    assert world.rows(OAuthGrant) == []
    world.connect()


def test_the_small_scope_is_asked_for_where_the_operator_says_so(world: World) -> None:
    world.drives = world.process(google_drive_scope="file")
    done = world.connect()
    assert "https://www.googleapis.com/auth/drive.file" in world.grant(done.grant_id).scopes.split()


def test_a_wrong_code_connects_nothing(world: World) -> None:
    returned = world.go_to_google()
    with pytest.raises(ConsentBroken):
        world.drives.grants.finish(world.user, SESSION, Returned(returned.state, "made-up", None), BACK)
    assert world.rows(OAuthGrant) == []


def test_google_not_answering_is_not_our_fault(world: World) -> None:
    returned = world.go_to_google()
    world.drive.fault("cut_before", "oauth.token", times=5)
    with pytest.raises(PlaceBusy):
        world.drives.grants.finish(world.user, SESSION, returned, BACK)


def test_without_a_client_the_operator_is_told_what_to_set(world: World) -> None:
    drives = world.process(google_client_id=None)
    with pytest.raises(GoogleNotSetUp) as caught:
        drives.grants.begin(world.user.id, SESSION, BACK, "/folders")
    assert caught.value.status == 409 and "GOOGLE_CLIENT_ID" in caught.value.hint


def test_connecting_again_revives_the_same_grant(each_world: World) -> None:
    world = each_world
    first = world.connect()
    again = world.connect()
    assert (again.grant_id, again.source_id) == (first.grant_id, first.source_id)
    assert world.grant(first.grant_id).generation == 2
    other = world.connect("ana.private@example.com")
    assert other.grant_id != first.grant_id
    assert len(world.rows(DropSource)) == 2


def test_disconnecting_gives_back_forgets_and_keeps_what_was_recorded(world: World) -> None:
    done = world.connect()
    token = world.drives.grants.access_token(done.grant_id)
    with world.uow.write() as work:
        account = world.user.account_id
        folder = DropFolder(
            source_id=done.source_id,
            account_id=account,
            user_id=world.user.id,
            remote_id="f",
            name="F",
            recipe_slug="x",
        )
        work.session.add(folder)
        work.session.flush()
        work.session.add(
            DropFile(
                folder_id=folder.id, account_id=account, remote_id="a", version="1", name="a", state="taken"
            )
        )
    assert world.drives.disconnect(world.user.account_id) is True
    grant = world.grant(done.grant_id)
    assert (grant.state, grant.access_token_encrypted, grant.refresh_token_encrypted) == (
        "revoked",
        None,
        None,
    )
    assert world.source(done.grant_id).state == "disconnected"
    answer = httpx.get(
        f"{world.drive.url}/drive/v3/about?fields=user", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401, "Google knows it, too"
    assert [row.enabled for row in world.rows(DropFolder)] == [False]
    world.connect()
    assert world.source(done.grant_id).state == "ok"
    assert [row.state for row in world.rows(DropFile)] == ["taken"]


def test_disconnecting_works_when_google_does_not_answer(world: World) -> None:
    done = world.connect()
    world.drive.fault("503", "oauth.revoke")
    assert world.drives.disconnect(world.user.account_id) is False
    assert world.grant(done.grant_id).refresh_token_encrypted is None


def test_disconnecting_concerns_nobody_else(world: World) -> None:
    first, other = world.connect(), world.connect("ana.private@example.com")
    world.drives.disconnect(world.user.account_id, other.grant_id)
    assert world.grant(first.grant_id).state == "active"
    with world.uow.read() as work:
        assert db_now(work.session) and work.session.exec(select(OAuthGrant)).all()
    with pytest.raises(CreatorError):
        world.drives.grants.access_token(other.grant_id)
