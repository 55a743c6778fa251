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
"""Writes cards: results in, Markdown and pictures out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdst_ros.evaluation.cards.places import (
    HEADLINES,
    RIGHT_WITHIN,
    Place,
    Values,
    places_of,
    sigma_verdict,
    told,
)
from cdst_ros.evaluation.cards.results import Model, Results, Task
from cdst_ros.evaluation.cards.worst import Case, draw_case, worst_cases
from cdst_ros.evaluation.html.libraries import MissingLibraryError
from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure
from cdst_ros.evaluation.published import CAVEAT, published_rows
from cdst_ros.evaluation.scoreboard import MEASURED
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.store import shipped_models

if TYPE_CHECKING:
    from jinja2 import Environment

#: Speed beside accuracy, beside the index.
PICTURE = 'speed.svg'
_TEMPLATES = Path(__file__).parent / 'templates'


@dataclass(frozen=True)
class Training:
    """
    What the command of a model sets, beyond what its metadata say.

    :param seed: of the initial weights and of every sample
    :param steps: of the optimiser
    :param network: its name and what it takes
    :param sensors: shares of the sensor profiles that saw the samples
    """

    seed: int
    steps: int
    network: str
    sensors: Mapping[str, float]


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
    cases: Sequence[Case] = field(default=())

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
        """Return the places by whether the model helps there, with a label each."""
        kinds: dict[str, list[Place]] = {'helps': [], 'helps, at a price': [], 'no help': []}
        for place in self.places:
            kinds[_help(place)].append(place)
        return [
            ('helps: better in something, worse in nothing', kinds['helps']),
            ('helps at a price: worse in something', kinds['helps, at a price']),
            ('does not help: better in nothing', kinds['no help']),
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
        return [place for place in self.places if _help(place) == 'no help']

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
        'It sees neither colour nor earlier frames: what the sensor did not sample at all, it '
        'cannot know, and noise is averaged within a frame only.'
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
            'An interpolation that costs next to nothing does as well, or better, '
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
    if not place.verdicts('better'):
        return 'no help'
    return 'helps, at a price' if place.verdicts('worse') else 'helps'


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
    return Card(**{**card.__dict__, 'cases': worst_cases(places, card.trained_on)})


def write_card(card: Card, folder: Path, frames: int | None) -> Path:
    """
    Write a card and its pictures; return the file.

    :param frames: that the results were limited to
    :raises MissingLibraryError: without Jinja2
    """
    environment = _environment()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f'{card.metadata.name}-worst-*.jpg'):
        old.unlink()
    for case in card.cases:
        draw_case(case, card.model.path, frames, folder / card.picture(case))
    file = folder / f'{card.metadata.name}.md'
    file.write_text(_render(environment, 'card.md.j2', card=card), encoding='utf-8')
    return file


def write_index(cards: Sequence[Card], folder: Path, command: str) -> Path:
    """
    Write the table of all cards; return the file.

    :param command: that writes them again
    :raises MissingLibraryError: without Jinja2
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'README.md'
    picture = folder / PICTURE
    text = _render(
        _environment(),
        'index.md.j2',
        cards=sorted(cards, key=lambda card: (card.model.scale, card.model.name)),
        command=command,
        picture=picture.name if picture.exists() else '',
    )
    file.write_text(text, encoding='utf-8')
    return file


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise MissingLibraryError(
            'model cards need Jinja2, which is not installed: pip install -e ".[report]" in the '
            'checkout, or apt install python3-jinja2'
        ) from None
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    )
    environment.filters.update(listed=listed, rounded=rounded, percent=percent)
    environment.globals.update(
        told=told,
        sigma_verdict=sigma_verdict,
        classical=CLASSICAL_ENGINES,
        right_within=RIGHT_WITHIN,
        caveat=CAVEAT,
        measured=MEASURED,
        published=_published,
        pair=_pair,
        with_interval=_with_interval,
    )
    return environment


def _render(environment: Environment, template: str, **values: Any) -> str:
    """Return a text; what conditions leave of blanks and empty lines is taken out."""
    text = environment.get_template(template).render(**values)
    return re.sub(r'\n{3,}', '\n\n', re.sub(r' +$', '', text, flags=re.MULTILINE))


def _published(scale: int) -> list[tuple[str, float]]:
    """Return what papers print for Middlebury-6 at a scale: method and mean MAD."""
    rows = [row for row in published_rows() if row.scale == scale]
    return [(row.method, row.scores['mad']['mean']) for row in rows]


def _pair(name: str, bounded: Values, free: Values) -> str:
    figure = next(figure for figure in FIGURES if figure.name == name)
    return ', '.join(told(figure, values.get(name)) for values in (bounded, free))


def _with_interval(figure: Figure, row: Values) -> str:
    low, high = row['intervals'].get(figure.name, (None, None))
    text = told(figure, row['metrics'].get(figure.name))
    return text if low is None else f'{text} [{told(figure, low)}, {told(figure, high)}]'


def listed(words: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    *first, last = [*words] or ['nothing']
    return f'{", ".join(first)} and {last}' if first else last


def rounded(value: float | None, digits: int = 1) -> str:
    """Return a number, or a dash where there is none."""
    return '-' if value is None else f'{value:.{digits}f}'


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share in percent, or a dash where there is none."""
    return '-' if value is None else f'{100 * value:.{digits}f}'
