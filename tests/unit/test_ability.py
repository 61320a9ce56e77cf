"""What a server can run, by its own list of nodes and models."""

from creator_app.domain.ability import catalog_of, missing

INFO = {
    "CheckpointLoaderSimple": {
        "input": {"required": {"ckpt_name": [["sd15.safetensors", "xl.safetensors"]]}}
    },
    "KSampler": {
        "input": {
            "required": {"seed": ["INT", {"default": 0}], "sampler_name": ["COMBO", {"options": ["euler"]}]}
        }
    },
    "LoadImage": {"input": {"required": {"image": [["old.png"], {"image_upload": True}]}}},
    "Odd": {"input": {"required": {"a": None, "b": [], "c": "IMAGE"}, "optional": None}},
    "Broken": None,
    "Empty": {},
}


def workflow(**inputs: object) -> dict[str, object]:
    name = "CheckpointLoaderSimple" if "ckpt_name" in inputs else "KSampler"
    return {"4": {"class_type": name, "inputs": inputs}}


def test_both_notations_of_choices_are_read_and_odd_nodes_do_no_harm() -> None:
    catalog = catalog_of(INFO)
    assert catalog["CheckpointLoaderSimple"] == {"ckpt_name": ["sd15.safetensors", "xl.safetensors"]}
    assert catalog["KSampler"] == {"sampler_name": ["euler"]}
    assert catalog["Odd"] == catalog["Empty"] == {}
    assert "Broken" not in catalog


def test_a_node_and_a_model_that_are_not_there_are_named() -> None:
    catalog = catalog_of(INFO)
    assert missing(workflow(ckpt_name="xl.safetensors"), set(), catalog) == []
    assert missing(workflow(ckpt_name="flux.safetensors"), set(), catalog) == [
        "CheckpointLoaderSimple.ckpt_name: flux.safetensors"
    ]
    assert missing({"1": {"class_type": "Mystery", "inputs": {}}}, set(), catalog) == ["node Mystery"]


def test_what_people_give_is_not_held_against_a_server() -> None:
    catalog = catalog_of(INFO)
    load = {"1": {"class_type": "LoadImage", "inputs": {"image": "a-picture-to-come.png"}}}
    assert missing(load, set(), catalog) == []
    assert missing(workflow(sampler_name="heun"), {("4", "sampler_name")}, catalog) == []
    assert missing(workflow(sampler_name=["7", 0]), set(), catalog) == []
