"""What is dropped: pictures of every kind, and what no recipe takes. The same seed, the same files."""

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from PIL import Image

from tests.peers.drive.people import Growing, Person

FOLDER = "Creator/Square post"
OUTSIDE = "Holidays"
_OLD = timedelta(days=2 * 365)


@dataclass(frozen=True)
class Kinds:
    """How many files of which kind; the rest of them are plain new pictures.

    Attributes:
        files: altogether.
        old: with times two years ago.
        moved: that lay elsewhere in the Drive before.
        growing: still being written when they appear.
        copies: of a picture that lies there already.
        bad: nothing that the recipe can take.
    """

    files: int
    old: int
    moved: int
    growing: int
    copies: int
    bad: int


@dataclass
class Dropped:
    """What a person dropped.

    Attributes:
        good: names by id of what must become a result.
        bad: the same of what must get a note.
        at: when each was dropped, by id.
    """

    person: Person
    good: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)


class Scene:
    """Prepares what must be there before, and drops everything at once.

    Args:
        people: whose Drives; they take turns.
        kinds: how many of what.
        seed: of colours and of the order.
    """

    def __init__(self, people: list[Person], kinds: Kinds, seed: int) -> None:
        self.dropped = [Dropped(person) for person in people]
        self._kinds = kinds
        self._dice = random.Random(seed)
        self._growing: list[Growing] = []
        self._next = 0
        self._before: dict[str, list[tuple[str, str]]] = {}
        self._twins = [self._picture() for _ in range(kinds.copies)]
        for number in range(kinds.moved):
            one = self._turn()
            name = f"moved {number}.png"
            one.person.folder(OUTSIDE)
            file_id = one.person.drop(OUTSIDE, name, self._picture())
            self._before.setdefault(one.person.email, []).append((file_id, name))

    def drop_everything(self) -> None:
        """All at once, in an order that the seed says."""
        acts = [*self._acts()]
        self._dice.shuffle(acts)
        for act in acts:
            act()

    def everything_has_arrived(self) -> bool:
        """Whether no file grows any more."""
        return all(one.is_whole for one in self._growing)

    def _acts(self) -> Iterator[Callable[[], None]]:
        kinds = self._kinds
        for one in self.dropped:
            for file_id, name in self._before.get(one.person.email, []):
                yield lambda one=one, file_id=file_id, name=name: self._move(one, file_id, name)
        plain = kinds.files - kinds.old - kinds.moved - kinds.growing - kinds.copies - kinds.bad
        yield from (lambda n=n: self._drop(f"new {n}.png") for n in range(plain - kinds.copies))
        yield from (lambda n=n: self._twin(n, f"twin {n}.png") for n in range(kinds.copies))
        long_ago = datetime.now(UTC) - _OLD
        yield from (lambda n=n: self._drop(f"old {n}.png", long_ago) for n in range(kinds.old))
        yield from (lambda n=n: self._grow(f"growing {n}.png") for n in range(kinds.growing))
        yield from (lambda n=n: self._twin(n, f"copy of twin {n}.png") for n in range(kinds.copies))
        yield from (lambda n=n: self._drop_bad(n) for n in range(kinds.bad))

    def _drop(self, name: str, when: datetime | None = None) -> None:
        one = self._turn()
        self._note(one, one.person.drop(FOLDER, name, self._picture(), created=when, modified=when), name)

    def _move(self, one: Dropped, file_id: str, name: str) -> None:
        one.person.move(file_id, FOLDER)
        self._note(one, file_id, name)

    def _grow(self, name: str) -> None:
        one, data = self._turn(), self._picture()
        third = len(data) // 3
        pieces = [data[:third], data[third : 2 * third], data[2 * third :]]
        sums = self._dice.choice(("late", "always"))
        growing = one.person.drop_growing(FOLDER, name, pieces, every_s=0.7, sums=sums)
        self._growing.append(growing)
        self._note(one, growing.id, name)

    def _twin(self, number: int, name: str) -> None:
        # The same content twice, under two names in one folder: two files, two results.
        one = self.dropped[number % len(self.dropped)]
        self._note(one, one.person.drop(FOLDER, name, self._twins[number]), name)

    def _drop_bad(self, number: int) -> None:
        one = self._turn()
        person = one.person
        name = f"bad {number}"
        make: list[Callable[[], tuple[str, str]]] = [
            lambda: (person.google_doc(FOLDER, name), name),
            lambda: (person.drop(FOLDER, f"{name}.txt", b"words"), f"{name}.txt"),
            lambda: (person.drop(FOLDER, f"{name}.pdf", b"%PDF-1.7"), f"{name}.pdf"),
            lambda: (person.drop(FOLDER, f"{name}.jpg", b"not a picture"), f"{name}.jpg"),
            # The last: it is waited for longest, as its content may still come.
            lambda: (person.drop(FOLDER, f"{name}.png"), f"{name}.png"),
        ]
        file_id, called = make[number % len(make)]()
        one.bad[file_id] = called
        one.at[file_id] = datetime.now(UTC)

    def _note(self, one: Dropped, file_id: str, name: str) -> None:
        one.good[file_id] = name
        one.at[file_id] = datetime.now(UTC)

    def _turn(self) -> Dropped:
        self._next += 1
        return self.dropped[self._next % len(self.dropped)]

    def _picture(self) -> bytes:
        colour = tuple(self._dice.randrange(256) for _ in range(3))
        noise = Image.effect_noise((96, 64), 40).convert("RGB")
        kept = io.BytesIO()
        Image.blend(noise, Image.new("RGB", noise.size, colour), 0.6).save(kept, "PNG")
        return kept.getvalue()
