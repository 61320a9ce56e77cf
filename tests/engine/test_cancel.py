"""Cancelling hits exactly the prompt that is meant."""

from __future__ import annotations


def test_interrupt_by_id_stops_that_prompt_and_the_next_one_runs(engine, slow):
    client_id, listener = engine.listen()
    first = engine.submit(slow(500), client_id=client_id)
    second = engine.submit(slow(1), client_id=client_id)
    listener.until("progress", prompt_id=first)
    assert engine.http.post("/interrupt", json={"prompt_id": first}).status_code == 200
    stopped = listener.until("execution_interrupted", prompt_id=first)
    assert (stopped["node_id"], stopped["node_type"], stopped["executed"]) == ("2", "ProbeSteps", ["1"])
    listener.finished(first)
    listener.finished(second)
    status = engine.history(first)["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert status["messages"][-1][0] == "execution_interrupted"
    assert engine.history(second)["status"]["status_str"] == "success"


def test_interrupt_by_another_id_has_no_effect(engine, slow):
    client_id, listener = engine.listen()
    prompt_id = engine.submit(slow(10), client_id=client_id)
    waiting = engine.submit(slow(1), client_id=client_id)
    listener.until("progress", prompt_id=prompt_id)
    engine.http.post("/interrupt", json={"prompt_id": "somebody-elses"})
    engine.http.post("/interrupt", json={"prompt_id": waiting})
    for one in (prompt_id, waiting):
        listener.finished(one)
        assert engine.history(one)["status"]["status_str"] == "success"


def test_interrupt_without_or_with_a_malformed_body_stops_what_runs(engine, slow):
    client_id, listener = engine.listen()
    for body in (b"", b"{bad"):
        prompt_id = engine.submit(slow(500), client_id=client_id)
        listener.until("progress", prompt_id=prompt_id)
        assert engine.http.post("/interrupt", content=body).status_code == 200
        listener.until("execution_interrupted", prompt_id=prompt_id)


def test_interrupt_while_idle_does_not_hit_the_next_prompt(engine, slow):
    engine.http.post("/interrupt")
    assert engine.run(slow(1))["status"]["status_str"] == "success"


def test_an_interrupt_right_after_the_submit_is_never_lost(engine, slow):
    for _ in range(20):
        prompt_id = engine.submit(slow(500))
        gone = False
        while not gone:
            engine.http.post("/queue", json={"delete": [prompt_id]})
            engine.http.post("/interrupt", json={"prompt_id": prompt_id})
            listing = engine.http.get("/queue").json()
            gone = prompt_id not in [one[1] for one in listing["queue_running"] + listing["queue_pending"]]
        entry = engine.http.get(f"/history/{prompt_id}").json()
        assert not entry or entry[prompt_id]["status"]["status_str"] == "error"


def test_delete_and_clear_take_waiting_prompts_alone(engine, slow):
    client_id, listener = engine.listen()
    running = engine.submit(slow(40), client_id=client_id)
    doomed, kept, cleared = (engine.submit(slow(1), client_id=client_id) for _ in range(3))
    listener.until("progress", prompt_id=running)
    engine.http.post("/queue", json={"delete": [doomed, running, "unknown"]})
    listing = engine.http.get("/queue").json()
    assert [one[1] for one in listing["queue_running"]] == [running]
    assert [one[1] for one in listing["queue_pending"]] == [kept, cleared]
    engine.http.post("/queue", json={"clear": True})
    listener.finished(running)
    assert engine.http.get("/prompt").json() == {"exec_info": {"queue_remaining": 0}}
    assert engine.http.get(f"/history/{doomed}").json() == {}


def test_the_lowest_number_runs_first(engine, slow):
    client_id, listener = engine.listen()
    running = engine.submit(slow(20), client_id=client_id)
    listener.until("progress", prompt_id=running)
    last = engine.submit(slow(1), client_id=client_id)
    front = engine.submit(slow(1), client_id=client_id, front=True)
    first = engine.submit(slow(1), client_id=client_id, number=-1000)
    order = [listener.until("execution_start")["prompt_id"] for _ in range(3)]
    assert order == [first, front, last]


def test_the_same_number_and_id_twice_waiting_is_an_error(engine, slow):
    engine.submit(slow(20))
    engine.submit(slow(1), prompt_id="twice", number=1000)
    answer = engine.http.post("/prompt", json={"prompt": slow(1), "prompt_id": "twice", "number": 1000})
    assert answer.status_code == 500


def test_the_history_can_be_limited_and_forgotten(engine, slow):
    first, second = engine.run(slow(1))["prompt"][1], engine.run(slow(1))["prompt"][1]
    assert list(engine.http.get("/history", params={"max_items": 2}).json()) == [first, second]
    engine.http.post("/history", json={"delete": [first]})
    assert engine.http.get(f"/history/{first}").json() == {}
    engine.http.post("/history", json={"clear": True})
    assert engine.http.get("/history").json() == {}
