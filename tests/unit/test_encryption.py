"""Encryption: what comes back, what is refused, how keys are rotated."""

import pytest

from creator_app.errors import EncryptionError
from creator_app.infrastructure.encryption import Encryptor, get_encryptor


@pytest.fixture(scope="module")
def old():
    return Encryptor(["old key"])


@pytest.fixture(scope="module")
def new():
    return Encryptor(["new key"])


@pytest.fixture(scope="module")
def both():
    return Encryptor(["new key", "old key"])


@pytest.mark.parametrize("text", ["", "token", "ünïcode ✓", "x" * 10_000])
def test_what_was_encrypted_comes_back(old, text):
    assert old.decrypt(old.encrypt(text)) == text


def test_the_same_text_never_looks_the_same(old):
    assert old.encrypt("a") != old.encrypt("a")


def test_dictionaries_come_back(old):
    values = {"token": "t", "scopes": ["a", "b"], "n": 1, "none": None}
    ciphertext = old.encrypt_dict(values)
    assert "token" not in ciphertext
    assert old.decrypt_dict(ciphertext) == values


def test_what_is_no_dictionary_is_refused(old):
    for text in ("[1]", "no json"):
        with pytest.raises(EncryptionError):
            old.decrypt_dict(old.encrypt(text))


def test_the_key_is_named_in_the_ciphertext(old):
    assert old.encrypt("a").split(":")[:2] == ["v1", old.current_key_id]


def test_every_changed_character_is_noticed(old):
    ciphertext = old.encrypt("secret")
    for place in range(0, len(ciphertext) - 2, 7):
        other = "A" if ciphertext[place] != "A" else "B"
        with pytest.raises(EncryptionError):
            old.decrypt(ciphertext[:place] + other + ciphertext[place + 1 :])


@pytest.mark.parametrize("text", ["", "plain text", "v1:", "v1:abc", "v1::x", "v2:abc:def", "v1:ünï:cöde"])
def test_what_is_no_ciphertext_is_refused(old, text):
    with pytest.raises(EncryptionError):
        old.decrypt(text)


def test_an_unknown_key_is_named(old, new):
    with pytest.raises(EncryptionError, match=old.current_key_id):
        new.decrypt(old.encrypt("a"))


def test_another_keys_token_under_our_id_is_refused(old, new):
    _, _, token = old.encrypt("a").split(":")
    with pytest.raises(EncryptionError):
        new.decrypt(f"v1:{new.current_key_id}:{token}")


def test_rotation_brings_all_to_the_first_key(old, new, both):
    before = old.encrypt("a")
    assert both.decrypt(before) == "a"
    assert both.needs_rotation(before)
    after = both.rotate(before)
    assert new.decrypt(after) == "a"
    assert not both.needs_rotation(after)
    assert both.rotate(after) == after


def test_there_must_be_a_key():
    for keys in ([], [""]):
        with pytest.raises(EncryptionError):
            Encryptor(keys)


def test_a_process_has_one_encryptor():
    first = get_encryptor(["old key"])
    assert get_encryptor() is first
    assert get_encryptor(["old key"]) is first
    assert get_encryptor(["new key", "old key"]) is not first


def test_keys_are_never_shown(old):
    assert "old key" not in repr(old)
