"""Percent over the whole graph, weighted by what nodes usually take; and what they took this time."""

from typing import Any

from creator_app.integrations.comfyui.progress import ProgressMeter
from creator_app.integrations.comfyui.protocol import Message, OutputFile, OutputText, parse_history

PROMPT = {
    "1": {"class_type": "LoadImage"},
    "2": {"class_type": "KSampler"},
    "3": {"class_type": "SaveImage"},
}


def executing(node: str | None) -> Message:
    return Message("executing", {"node": node})


def state(**nodes: tuple[str, float, float]) -> Message:
    found = {
        name[1:]: {"state": word, "value": value, "max": most} for name, (word, value, most) in nodes.items()
    }
    return Message("progress_state", {"nodes": found})


def percent(meter: ProgressMeter, *messages: Message) -> float:
    for message in messages:
        meter.take(message)
    return round(meter.event().percent, 1)


def test_a_node_counts_as_much_as_it_usually_takes() -> None:
    meter = ProgressMeter(PROMPT, {"LoadImage": 1.0, "KSampler": 8.0, "SaveImage": 1.0})
    assert percent(meter, state(n1=("finished", 1, 1))) == 10
    assert percent(meter, state(n1=("finished", 1, 1), n2=("running", 10, 20))) == 50
    assert percent(meter, Message("executed", {"node": "3"})) == 60


def test_an_unknown_class_counts_as_the_median_of_the_known() -> None:
    meter = ProgressMeter(PROMPT, {"LoadImage": 1.0, "SaveImage": 3.0})
    assert percent(meter, state(n2=("finished", 1, 1))) == round(100 * 2 / 6, 1)


def test_without_any_knowledge_all_count_the_same() -> None:
    assert percent(ProgressMeter(PROMPT), executing("2"), state(n1=("finished", 1, 1))) == 33.3


def test_cached_nodes_count_whole() -> None:
    assert percent(ProgressMeter(PROMPT), Message("execution_cached", {"nodes": ["1", "2", 9]})) == 66.7


def test_percent_never_falls_whatever_a_node_says() -> None:
    meter = ProgressMeter(PROMPT)
    assert percent(meter, state(n2=("running", 20, 20))) == 33.3
    assert percent(meter, state(n2=("running", -5, 20))) == 33.3


def test_times_are_from_start_to_end_of_each_node() -> None:
    meter = ProgressMeter({**PROMPT, "4": {"class_type": "SaveImage"}})
    heard: list[tuple[float, Message]] = [
        (10.0, executing("1")),
        (10.5, state(n1=("finished", 1, 1))),
        (10.5, executing("2")),
        (11.0, state(n2=("running", 1, 20))),
        (14.5, state(n2=("finished", 20, 20))),
        (15.0, executing("3")),
        (15.5, executing("4")),
        (17.0, executing(None)),
    ]
    for at, message in heard:
        meter.take(message, at)
    assert meter.seconds_by_class == {"LoadImage": 0.5, "KSampler": 4.0, "SaveImage": 1.0}


def test_a_node_whose_start_was_missed_has_no_time() -> None:
    meter = ProgressMeter(PROMPT)
    meter.take(executing("1"), 1.0)
    meter.interrupted()  # the socket was cut, and opened again
    for at, message in [(5.0, state(n2=("running", 9, 20))), (6.0, executing("3")), (6.5, executing(None))]:
        meter.take(message, at)
    assert meter.seconds_by_class == {"SaveImage": 0.5}


def outputs(**kinds: Any) -> dict[str, Any]:
    return {"status": {"status_str": "success"}, "outputs": {"7": kinds}}


def test_all_kinds_of_files_count_whatever_their_list_is_called() -> None:
    row = {"filename": "a", "subfolder": "s", "type": "output"}
    for kind in ("images", "gifs", "videos", "video", "audio", "3d", "latents", "files", "other_people_s"):
        assert parse_history(outputs(**{kind: [row]})).files == [OutputFile("7", "a", "s", "output")]
        assert parse_history(outputs(**{kind: row})).files == [OutputFile("7", "a", "s", "output")]


def test_the_same_file_under_two_names_is_one() -> None:
    row = {"filename": "a", "subfolder": "s", "type": "output"}
    assert len(parse_history(outputs(images=[row], gifs=[row])).files) == 1


def test_texts_are_results_and_settings_of_a_page_are_none() -> None:
    found = parse_history(outputs(text=["a cat", ""], animated=[False], bg_image=["abc"], tags="1girl"))
    assert found.texts == [OutputText("7", "a cat"), OutputText("7", "1girl")]
    assert found.files == []
