"""The pool of servers: who is in it, quarantine and return, and a watch that asks real engines."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.infrastructure.migrations import upgrade
from creator_app.integrations.comfyui import get_comfyui_client
from creator_app.models import ComfyServer, JobAttempt, ServerAbility
from creator_app.models.base import utcnow
from creator_app.services import new_servers, servers
from creator_app.services.recipes import sync_shipped
from creator_app.services.servers import Looked
from creator_app.services.unit_of_work import TicketWanted
from jobs_worker.server_watch import ServerWatch
from tests.engine.conftest import EngineProcess
from tests.integration.line_world import LineWorld
from tests.peers.web import answering

WELL = {"system": {"ram_total": 64}, "devices": [{"name": "cuda:0 GPU X : native", "vram_total": 24}]}


def encrypt(values: dict[str, str]) -> str:
    return "|".join(values.values())


@pytest.fixture
def world(ready_url: str) -> Iterator[LineWorld]:
    world = LineWorld(ready_url)
    yield world
    world.close()


def server(world: LineWorld, server_id: UUID) -> ComfyServer:
    with world.uow.read() as work:
        row = work.session.get(ComfyServer, server_id)
        assert row is not None
        return row


def saw(world: LineWorld, server_id: UUID) -> None:
    with world.uow.write() as work:
        servers.saw(work, server_id, Looked(WELL, {"SaveImage": {}}, "hash"))


def blame(world: LineWorld, server_id: UUID, times: int = 1) -> None:
    for _ in range(times):
        with world.uow.write() as work:
            servers.blame(work, server_id, "CUDA error")


def test_the_settings_name_servers_and_their_passwords_are_headers(world: LineWorld) -> None:
    with world.uow.write() as work:
        servers.register(work, ["http://a:8188/", "https://ann:s%40fe@b"], encrypt)
    rows = {row.url: row.headers_encrypted for row in world.every(ComfyServer)}
    expected = "Basic " + base64.b64encode(b"ann:s@fe").decode()
    assert rows == {"http://a:8188": None, "https://b": expected}
    with world.uow.read() as work:
        assert not servers.unregistered(work, ["https://ann:s%40fe@b", "http://a:8188"])
        assert servers.unregistered(work, ["http://a:8188"])


def test_a_password_changed_in_the_settings_counts_from_the_next_start(world: LineWorld) -> None:
    for address in ("http://ann:old@a", "http://ann:new@a", "http://a"):
        with world.uow.write() as work:
            servers.register(work, [address], encrypt)
        kept = world.every(ComfyServer)[0].headers_encrypted
        _, headers = servers.split_address(address)
        assert kept == headers.get("Authorization")


def test_a_server_that_is_no_longer_named_goes_when_nothing_runs_there(world: LineWorld) -> None:
    server_id = world.server("only", from_settings=True)
    world.submit("ann")
    claim = world.claim()
    with world.uow.write() as work:
        servers.register(work, [], encrypt)
    assert server(world, server_id).state == "draining"
    world.finish(claim)
    with world.uow.write() as work:
        servers.register(work, [], encrypt)
    assert world.every(ComfyServer) == []


def test_an_admin_adds_drains_and_removes(world: LineWorld) -> None:
    with world.uow.write() as work:
        added = servers.add(work, "https://u:p@gpu.example", encrypt, name="gpu", headers={"X-Key": "k"})
    assert added.url == "https://gpu.example"
    assert added.headers_encrypted and "Basic" in added.headers_encrypted
    with world.uow.write() as work, pytest.raises(Conflict):
        servers.add(work, "https://gpu.example/", encrypt)
    for wrong in ("gpu", "ftp://gpu", "http://"):
        with world.uow.write() as work, pytest.raises(InvalidInput):
            servers.add(work, wrong, encrypt)
    with world.uow.write() as work:
        servers.drain(work, servers.find(work, "gpu"))
    saw(world, added.id)
    assert server(world, added.id).state == "draining", "an answer does not end what the operator wants"
    with world.uow.write() as work:
        servers.resume(work, servers.find(work, str(added.id)))
    saw(world, added.id)
    assert server(world, added.id).state == "online"
    with world.uow.write() as work:
        servers.remove(work, servers.find(work, "https://gpu.example"))
    with world.uow.read() as work, pytest.raises(NotFound):
        servers.find(work, "gpu")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:8188", "http://localhost:8188"),
        ("http://localhost:8188", "http://[::1]:8188/"),
        ("http://GPU-1:8188", "http://gpu-1:8188"),
        ("http://gpu-1", "http://gpu-1:80"),
    ],
)
def test_an_address_spelled_otherwise_is_the_same_server(world: LineWorld, one: str, other: str) -> None:
    with world.uow.write() as work:
        added = servers.add(work, one, encrypt)
    with world.uow.write() as work, pytest.raises(Conflict, match="already"):
        servers.add(work, other, encrypt)
    with world.uow.read() as work:
        assert servers.find(work, other).id == servers.find(work, other.partition("://")[2]).id == added.id
    with world.uow.write() as work:
        servers.register(work, [other], encrypt)
        assert not servers.unregistered(work, [one])
    assert [row.from_settings for row in world.every(ComfyServer)] == [True]


def test_other_ports_schemes_and_paths_are_other_servers(world: LineWorld) -> None:
    for url in ("http://gpu:1", "http://gpu:2", "https://gpu:1", "http://gpu:1/a", "http://gpu:1/b"):
        with world.uow.write() as work:
            servers.add(work, url, encrypt)
    assert len(world.every(ComfyServer)) == 5


def test_a_name_belongs_to_one_server(world: LineWorld) -> None:
    with world.uow.write() as work:
        servers.add(work, "http://a", encrypt, name="gpu")
    for taken in ("gpu", "GPU ", "http://a"):
        with world.uow.write() as work, pytest.raises(Conflict, match="already"):
            servers.add(work, "http://b", encrypt, name=taken)
    with world.uow.write() as work, pytest.raises(InvalidInput):
        servers.add(work, "http://b", encrypt, name="a\nb")
    assert len(world.every(ComfyServer)) == 1


def test_two_servers_of_one_name_from_before_are_told_apart_by_their_addresses(world: LineWorld) -> None:
    with world.uow.write() as work:
        work.session.add_all(
            [ComfyServer(url="http://a", name="gpu"), ComfyServer(url="http://b", name="gpu")]
        )
    with world.uow.read() as work, pytest.raises(Conflict, match=r"2 servers.*http://a, http://b") as caught:
        servers.find(work, "gpu")
    assert "address" in caught.value.hint
    with world.uow.read() as work:
        assert servers.find(work, "http://b").url == "http://b"


def test_adding_again_with_a_password_changes_the_password(world: LineWorld) -> None:
    with world.uow.write() as work:
        first = servers.add(work, "http://ann:old@gpu:1", encrypt, name="gpu")
    with world.uow.write() as work:
        again = servers.add(work, "http://ann:new@gpu:1", encrypt)
    kept = server(world, first.id)
    assert (again.id, kept.name) == (first.id, "gpu")
    assert kept.headers_encrypted == servers.password_header("ann", "new")["Authorization"]


def test_a_password_of_the_settings_is_changed_there(world: LineWorld) -> None:
    with world.uow.write() as work:
        servers.register(work, ["http://gpu:1"], encrypt)
    with world.uow.write() as work, pytest.raises(Conflict, match="COMFYUI_SERVERS"):
        servers.add(work, "http://ann:new@gpu:1", encrypt)


def test_the_built_in_engine_has_a_name_and_is_not_removed(world: LineWorld) -> None:
    with world.uow.write() as work:
        servers.register(work, ["http://127.0.0.1:4000"], encrypt)
    stats = {**WELL, "system": {"ram_total": 64, "argv": ["embedded_comfyui"]}}
    with world.uow.write() as work:
        servers.saw(work, servers.every(work)[0].id, Looked(stats, {}, "hash"))
    with world.uow.write() as work, pytest.raises(Conflict, match="built-in engine"):
        servers.remove(work, servers.find(work, "built-in"))
    with world.uow.write() as work, pytest.raises(Conflict, match="already"):
        servers.add(work, "http://other", encrypt, name="built-in")


def test_a_busy_server_is_not_removed(world: LineWorld) -> None:
    world.server("only")
    world.submit("ann")
    world.claim()
    with world.uow.write() as work, pytest.raises(Conflict):
        servers.remove(work, servers.find(work, "only"))


def test_an_answer_says_what_a_server_is_and_lets_jobs_start(world: LineWorld) -> None:
    server_id = world.server("only", state="offline")
    world.heard.messages.clear()
    saw(world, server_id)
    row = server(world, server_id)
    assert (row.state, row.kind, row.memory_bytes) == ("online", "cuda:0 GPU X", 24)
    assert TicketWanted() in world.heard.messages


def test_a_server_without_a_list_of_nodes_gets_nothing(world: LineWorld) -> None:
    server_id = world.server("only", state="offline")
    with world.uow.write() as work:
        servers.saw(work, server_id, Looked({}))
    assert server(world, server_id).state == "offline"


def test_three_failures_in_a_row_are_a_quarantine_that_ends_by_itself(world: LineWorld) -> None:
    server_id = world.server("only")
    blame(world, server_id, 2)
    with world.uow.write() as work:
        servers.worked(work, server_id)
    blame(world, server_id, 2)
    assert server(world, server_id).state == "online", "a good run in between counts"
    blame(world, server_id)
    row = server(world, server_id)
    assert row.state == "quarantined"
    assert row.last_error == "CUDA error"
    saw(world, server_id)
    assert server(world, server_id).state == "quarantined", "answering is not enough"
    world.change(ComfyServer, server_id, quarantined_until=utcnow() - timedelta(seconds=1))
    saw(world, server_id)
    assert server(world, server_id).state == "online"


def test_a_relapse_is_a_longer_quarantine_and_a_good_run_forgives(world: LineWorld) -> None:
    server_id = world.server("only")
    blame(world, server_id, 3)
    first = _length(server(world, server_id))
    world.change(ComfyServer, server_id, quarantined_until=utcnow() - timedelta(seconds=1))
    saw(world, server_id)
    blame(world, server_id)
    row = server(world, server_id)
    assert row.state == "quarantined"
    assert _length(row) > 1.5 * first
    with world.uow.write() as work:
        servers.worked(work, server_id)
    assert server(world, server_id).quarantines == 0


def _length(row: ComfyServer) -> float:
    assert row.quarantined_until is not None
    return (row.quarantined_until - utcnow()).total_seconds()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path / "engine", "--probe-nodes")
    yield process
    process.process.kill()
    process.process.wait()


@pytest.fixture
def creator(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Creator]:
    made = Creator(Settings(database_url=sqlite_url, redis_url=redis_url, creator_home=tmp_path))
    upgrade(sqlite_url)
    with made.uow.write() as work:
        sync_shipped(work)
    yield made
    made.database.close()


def rows(creator: Creator) -> list[ComfyServer]:
    with creator.uow.read() as work:
        return list(work.session.exec(select(ComfyServer)))


def test_the_watch_finds_out_what_a_real_engine_can_do(creator: Creator, engine: EngineProcess) -> None:
    creator.settings.comfyui_servers = [engine.url]
    ServerWatch(creator).look()
    row = rows(creator)[0]
    assert (row.state, row.kind) == ("online", "cpu")
    with creator.uow.read() as work:
        found = list(work.session.exec(select(ServerAbility)))
    assert len(found) >= 6
    assert all(one.able for one in found), "the built-in engine runs every recipe that ships"


def test_a_server_that_joins_is_asked_at_once(creator: Creator, engine: EngineProcess) -> None:
    joined = new_servers.join(creator.uow, creator.encryptor.encrypt_dict, engine.url, name="mine")
    assert (joined.new, joined.answers, joined.lacks) == (True, True, [])
    assert joined.version and joined.memory_bytes
    assert rows(creator)[0].state == "online"
    ServerWatch(creator).look()  # and the watch goes on from there
    assert rows(creator)[0].state == "online"


def test_a_server_that_does_not_answer_joins_all_the_same(creator: Creator) -> None:
    joined = new_servers.join(creator.uow, creator.encryptor.encrypt_dict, "http://127.0.0.1:9")
    row = rows(creator)[0]
    assert not joined.answers and "refused" in joined.visit.message
    assert row.state == "offline" and servers.was_asked(row)
    assert "refused" in (row.last_error or "") and "Errno" not in (row.last_error or "")
    ServerWatch(creator).look()
    assert rows(creator)[0].last_error == row.last_error, "the watch says it in the same words"


def test_what_is_surely_no_comfyui_does_not_join(creator: Creator) -> None:
    own, encrypt = ["http://localhost:3000"], creator.encryptor.encrypt_dict
    with answering(200, b"<html>") as other, pytest.raises(InvalidInput, match="not a ComfyUI"):
        new_servers.join(creator.uow, encrypt, other, own_addresses=own)
    with pytest.raises(InvalidInput, match="Creator's own address"):
        new_servers.join(creator.uow, encrypt, "http://127.0.0.1:3000/", own_addresses=own)
    assert rows(creator) == []


def test_a_killed_engine_is_noticed_and_used_again(creator: Creator, tmp_path: Path) -> None:
    first = EngineProcess(tmp_path / "engine")
    creator.settings.comfyui_servers = [first.url]
    watch = ServerWatch(creator)
    watch.look()
    first.process.kill()
    first.process.wait()
    _until(lambda: (watch.look(), rows(creator)[0].state == "offline")[1])
    assert rows(creator)[0].last_error
    again = EngineProcess(tmp_path / "again", "--port", first.url.rpartition(":")[2])
    watch.look()
    assert rows(creator)[0].state == "online"
    again.end()


def test_a_server_that_hangs_holds_up_no_other(creator: Creator, engine: EngineProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        creator.settings.comfyui_servers = [f"http://127.0.0.1:{deaf.getsockname()[1]}", engine.url]
        began = time.monotonic()
        ServerWatch(creator).look()
        assert time.monotonic() - began < 7
    states = {row.url: row.state for row in rows(creator)}
    assert states[engine.url] == "online"
    assert sorted(states.values()) == ["offline", "online"]


def test_a_prompt_that_nobody_waits_for_is_ended_when_its_server_is_back(
    creator: Creator, engine: EngineProcess
) -> None:
    creator.settings.comfyui_servers = [engine.url]
    watch = ServerWatch(creator)
    watch.look()
    job_id = LineWorld.around(creator.database).submit("ann", "orphaned")
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "2": {
            "class_type": "ProbeSteps",
            "inputs": {"image": ["1", 0], "steps": 400, "step_ms": 50, "preview": False, "seed": 1},
        },
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "orphan"}},
    }
    prompt_id = "orphan-1"
    with creator.uow.write() as work:
        work.session.add(
            JobAttempt(
                job_id=job_id,
                number=1,
                server_url=engine.url,
                prompt_id=prompt_id,
                lease_token="x",
                lease_expires_at=utcnow(),
                state="ended",
                outcome="lost",
            )
        )
    with get_comfyui_client(engine.url) as client:
        client.submit(prompt, prompt_id=prompt_id, client_id=prompt_id)
        client.submit(_other(prompt), prompt_id="somebody-elses", client_id="x")
        with creator.uow.write() as work:
            servers.missed(work, rows(creator)[0].id, "cut off")
        watch.look()
        _until(lambda: prompt_id not in client.prompt_ids())
        assert "somebody-elses" in client.prompt_ids()
        client.cancel("somebody-elses")


def _other(prompt: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {
        **prompt,
        "2": {
            **prompt["2"],
            "inputs": {"image": ["1", 0], "steps": 400, "step_ms": 50, "preview": False, "seed": 2},
        },
    }


def _until(true: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
