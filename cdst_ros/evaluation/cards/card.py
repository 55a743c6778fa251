# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""What a card says of a model, from its results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cdst_ros.evaluation.cards.places import HEADLINES, Place, Values, places_of
from cdst_ros.evaluation.cards.results import Model, Results, Task
from cdst_ros.evaluation.cards.worst import Case, worst_cases
from cdst_ros.evaluation.metrics.catalogue import Figure
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.store import shipped_models

_CHEAP = 'An interpolation that costs next to nothing'
_HELPS = 'helps: better in some figures, worse in none'
_MORE_BETTER = 'mixed: better in more figures than worse'
_MORE_WORSE = 'mixed: worse in as many figures as better, or more'
_NO_HELP = 'does not help: better in none'
_LABELS = (_HELPS, _MORE_BETTER, _MORE_WORSE, _NO_HELP)


@dataclass(frozen=True)
class Training:
    """
    What the command of a model sets, beyond what its metadata say.

    :param seed: of the initial weights and of every sample
    :param steps: of the optimiser
    :param network: its name and what it takes
    :param sensors: shares of the sensor profiles that saw the samples
    :param views: what share of the views they saw, in words
    """

    seed: int
    steps: int
    network: str
    sensors: Mapping[str, float]
    views: str = ''


@dataclass(frozen=True)
class Card:
    """
    What a card says of a model.

    :param model: the model
    :param metadata: of its file
    :param places: the tables of metric depth that it stands in
    :param middlebury: report of that protocol, None without
    :param cost: rows of what a frame costs, and of which machine, None without
    :param lacking: protocols of its scale that were not measured
    :param training: what its command sets, None where that is not known
    :param cases: worst frames
    """

    model: Model
    metadata: ModelMetadata
    places: Sequence[Place]
    middlebury: Values | None = None
    cost: Values | None = None
    lacking: Sequence[str] = ()
    training: Training | None = None
    cases: Sequence[Case] = ()

    @property
    def trained_on(self) -> list[str]:
        """The sensor profiles that it was trained on."""
        return list(self.training.sensors) if self.training else [self.metadata.profile]

    @property
    def shipped(self) -> bool:
        """Whether it comes with the package."""
        return self.model.path in shipped_models().values()

    @property
    def kilobytes(self) -> int:
        """Size of the file."""
        return round(self.model.path.stat().st_size / 1000)

    def picture(self, case: Case) -> str:
        """Return the file name of the picture of a worst case."""
        return f'{self.metadata.name}-worst-{1 + list(self.cases).index(case)}.jpg'

    def cost_of(self, method: str, size: Sequence[int]) -> Values | None:
        """Return what a frame of a size costs a method, None where that is not known."""
        rows = self.cost['rows'] if self.cost else ()
        fitting = (row for row in rows if (row['method'], row['size']) == (method, list(size)))
        return next(fitting, None)

    @property
    def headlines(self) -> list[Figure]:
        """The headlines that were measured anywhere."""
        measured = {name for place in self.places for name in place.metrics}
        return [figure for figure in HEADLINES if figure.name in measured]

    def sizes(self) -> list[Sequence[int]]:
        """Return the sizes of frames whose cost is known."""
        rows = self.cost['rows'] if self.cost else ()
        return [list(size) for size in dict.fromkeys(tuple(row['size']) for row in rows)]

    def mad(self, method: str) -> float | None:
        """Return the mean MAD of a method on Middlebury-6 [grey levels]."""
        rows = self.middlebury['rows'] if self.middlebury else ()
        return next((row['mad']['mean'] for row in rows if row['method'] == method), None)

    def by_help(self) -> list[tuple[str, list[Place]]]:
        """Return the places by what the model does for the figures there; the label first."""
        return [
            (label, [place for place in self.places if _help(place) == label]) for label in _LABELS
        ]

    def beaten_by_colour(self) -> list[tuple[str, list[Place]]]:
        """Return by headline, without its unit, where a method that sees colour is better."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            for label in place.behind_colour():
                found.setdefault(label, []).append(place)
        return list(found.items())

    def sigma_is(self, verdict: str) -> list[Place]:
        """Return the places where sigma is right, ``too small``, ..."""
        return [place for place in self.places if place.sigma == verdict]

    def where(self, places: Sequence[Place]) -> str:
        """Return some of the places in words: the shorter of what they are and are not."""
        others = [place for place in self.places if place not in places]
        if not others:
            return 'everywhere'
        if len(others) < len(places):
            return f'everywhere but on {listed(place.name for place in others)}'
        return f'on {listed(place.name for place in places)}'

    def better_at_edges(self) -> list[Place]:
        """Return the places where the model is better at edges."""
        return self.at('edge MAE', 'better')

    def without_gain(self) -> list[Place]:
        """Return the places where it is better in nothing."""
        return [place for place in self.places if _help(place) == _NO_HELP]

    def at(self, label: str, verdict: str) -> list[Place]:
        """Return the places where a headline, without its unit, has a verdict."""
        return [place for place in self.places if label in place.verdicts(verdict)]

    def share(self, share: float) -> float:
        """Return the share of a sensor among all that it was trained on, 0 to 1."""
        return share / sum(self.training.sensors.values()) if self.training else 0.0

    def limits(self) -> list[str]:
        """Return what it cannot do, a sentence each."""
        return list(_limits(self))


def _limits(card: Card) -> Iterator[str]:
    metadata = card.metadata
    near, far = metadata.range_m
    yield (
        f'It has seen depths of {near:g} to {far:g} m while it was trained; beyond, nothing is '
        'known of it.'
    )
    yield (
        f'It sees {"no" if metadata.guided else "neither colour nor"} earlier frames: what the '
        'sensor did not sample at all, it cannot know, and noise is averaged within a frame only.'
    )
    if metadata.guided:
        yield (
            'The figures are with colour that lies on depth to the pixel. Where there is none it '
            'does what its branch of depth alone does; colour that lies beside depth does harm.'
        )
    yield 'Holes stay holes (`fill_holes` is a choice of the node, not of the model).'
    yield (
        f'It enlarges by {metadata.scale} only, on the {metadata.alignment.value} grid, and is '
        'meant for an image as the sensor made it: not one that a driver has enlarged before '
        '(`aligned` depth), nor one that was smoothed.'
    )
    none = card.without_gain()
    if none:
        yield (
            f'{"A classical method" if metadata.guided else _CHEAP} does as well, or better, '
            f'{card.where(none)}.'
        )
    thin = card.at('thin recall', 'worse')
    if thin:
        yield (
            'More thin structures get lost than with the best classical method '
            f'{card.where(thin)}.'
        )
    phantoms = card.at('phantom cells a frame', 'worse')
    if phantoms:
        yield (
            'More phantom cells (obstacles in free space, from values between two surfaces) than '
            f'with the best classical method, mostly nearest, {card.where(phantoms)}.'
        )
    for word, meaning in (('too small', 'greater'), ('too large', 'smaller')):
        places = card.sigma_is(word)
        if places:
            yield f'Sigma is {word} {card.where(places)}: errors are {meaning} than it says.'


def _help(place: Place) -> str:
    """Return one of ``_LABELS``."""
    better, worse = (len(place.verdicts(verdict)) for verdict in ('better', 'worse'))
    if not better:
        return _NO_HELP
    if not worse:
        return _HELPS
    return _MORE_BETTER if better > worse else _MORE_WORSE


def card_of(
    model: Model, results: Results, tasks: Iterable[Task], training: Training | None = None
) -> Card:
    """Return the card of a model, of whatever results there are."""
    concerned = [task for task in tasks if task.scale == model.scale]
    found = {task: results.find(task, [model]) for task in concerned}
    by_name = {task.protocol: values for task, values in found.items() if values}
    metadata = read_metadata(model.path)
    metric = sorted(
        (values for values in by_name.values() if 'protocol' in values),
        key=lambda values: not values['protocol'].startswith('synthetic_'),
    )
    places = list(places_of(model.name, metric))
    card = Card(
        model,
        metadata,
        places,
        by_name.get('middlebury6'),
        by_name.get('cost'),
        [task.protocol for task, values in found.items() if values is None],
        training,
    )
    return replace(card, cases=worst_cases(places, card.trained_on))


def listed(words: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    *first, last = [*words] or ['nothing']
    return f'{", ".join(first)} and {last}' if first else last
