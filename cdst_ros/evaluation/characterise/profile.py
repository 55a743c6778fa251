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
"""
A sensor profile of what was measured, for ``cdst_ros.synthetic`` and training.

What the recording tells is measured; the rest is a prior, stated as such in the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.characterise.edges import RISE_OF_SIGMA
from cdst_ros.evaluation.characterise.figure import Figure, Section
from cdst_ros.evaluation.characterise.holes import Grazing
from cdst_ros.evaluation.characterise.noise import Noise
from cdst_ros.evaluation.characterise.steps import Steps
from cdst_ros.recordings.atomic import write_file
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.synthetic import GENERIC, SensorProfile

#: More flying pixels than this at edges, and pixels mix surfaces. Of the shipped profiles those
#: that mix have 0.18 and more, those that do not 0.02 and less.
_MIXES = 0.1
#: Baselines of cameras that people buy; where between, the number of steps a pixel decides [m].
_LIKELY_BASELINE = 0.06
#: Share by which fattening varies along a contour; a prior.
_RAGGED = 0.5
#: What the recording may leave untold, and why.
_UNTOLD = {
    'triangulation': 'no steps of disparity show',
    'returns': 'no dark pixels tell it',
    'time_of_flight': 'mixed light and multipath are not told by depth alone',
    'registration': 'samples are not seen to be repeated',
    'dropout_size': 'of the patches that are lost with returns',
    'lateral_noise': 'depth alone does not tell it from uneven edges',
    'lateral_correlation': 'likewise',
    'hole_filling': 'a filled hole looks like a surface',
}
_ALWAYS_SAID = ('lateral_noise', 'hole_filling')
#: The lost share of what is beside an edge, or anything else, is below this in a profile.
_MOST = 0.95


@dataclass(frozen=True)
class Trait:
    """
    A value of a profile.

    :param key: of ``SensorProfile``
    :param value: plain
    :param measured: whether the recording tells it; else it is a prior
    :param why: how it was measured, or why it is a prior
    """

    key: str
    value: Any
    measured: bool
    why: str


@dataclass(frozen=True)
class Findings:
    """
    What a profile is made of; see the modules of the same names.

    :param held: what the trainer node measured while the camera was held still
    """

    noise: Noise
    steps: Steps
    range_m: tuple[float, float] | None
    edges: Section
    holes: Section
    grazing: Grazing | None
    resolution: Section
    registration: Section
    camera: Section
    focal: float | None
    size: tuple[int, int]
    held: MeasuredNoise | None = None


def traits_of(found: Findings, base: SensorProfile = GENERIC) -> tuple[Trait, ...]:
    """
    Return the values of a profile, with where each comes from.

    :param base: whose values are the priors of what is not measured
    """
    told = (
        _sampling(found, base),
        _smoothing(found, base),
        *_noise(found, base),
        _quantisation(found.steps),
        *_triangulation(found),
        *_holes(found, base),
        *_registration(found.resolution, base),
        _range(found.range_m, base),
        _optics(found),
    )
    return told + tuple(_priors(base, {trait.key for trait in told}))


def _priors(base: SensorProfile, told: set[str]) -> Iterator[Trait]:
    """Yield what no recording of depth tells, and what this one does not tell at all."""
    values = base.to_dict()
    for key, reason in _UNTOLD.items():
        if key in told:
            continue
        value = values.get(key, _plain_value(getattr(base, key)))
        if value is not None or key in _ALWAYS_SAID:
            yield Trait(key, value, False, f'{reason}; {_of(base)}')


def _of(base: SensorProfile) -> str:
    return f'that of the profile {base.name}'


def _plain_value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def profile_of(name: str, traits: Sequence[Trait]) -> SensorProfile:
    """Return the profile."""
    return SensorProfile.from_dict({'name': name, **{t.key: t.value for t in traits}})


def profile_text(name: str, traits: Sequence[Trait], source: str, created: str) -> str:
    """Return the YAML of a profile, every line saying whether it was measured."""
    lines = [
        f'# A depth sensor as cdst-ros characterise found it in {source}, {created}.',
        '# "measured": told by that recording. "prior": not told by it, and assumed.',
        f'name: {json.dumps(name)}',
    ]
    for trait in traits:
        kind = 'measured' if trait.measured else 'prior'
        lines += [f'# {kind}: {trait.why}', f'{trait.key}: {_yaml(trait.value)}']
    return '\n'.join(lines) + '\n'


def write_profile(path: Path, traits: Sequence[Trait], source: str, created: str) -> SensorProfile:
    """
    Write a profile named after its file, and return it.

    :raises OSError: when it cannot be written
    """
    name = path.stem
    profile = profile_of(name, traits)
    write_file(path, profile_text(name, traits, source, created).encode())
    return profile


def _sampling(found: Findings, base: SensorProfile) -> Trait:
    flying = found.edges['flying']
    if flying.value is None:
        why = f'flying pixels: {flying.note}; {_of(base)}'
        return Trait('sampling', base.sampling.value, False, why)
    mixes = flying.value > _MIXES
    what = 'mix both surfaces' if mixes else 'belong to one surface'
    return Trait(
        'sampling', 'mean' if mixes else 'area', True,
        f'pixels at edges {what}: {flying.text} fly ({flying.evidence} edges)',
    )  # fmt: skip


def _smoothing(found: Findings, base: SensorProfile) -> Trait:
    spread, mixes = found.edges['spread'], _sampling(found, base).value == 'mean'
    if spread.value is None:
        why = f'edge spread: {spread.note}; {_of(base)}'
        return Trait('smoothing', base.smoothing, False, why)
    # a pixel's own width is a twelfth of its square
    blur = (spread.value / RISE_OF_SIGMA) ** 2 - 1 / 12
    value = math.sqrt(blur) if mixes and blur > 0.06 else 0.0
    return Trait('smoothing', _short(value), True,
                 f'of an edge spread of {spread.text} {spread.interval}, {spread.evidence} '
                 f'{spread.of}')  # fmt: skip


def _noise(found: Findings, base: SensorProfile) -> list[Trait]:
    noise = found.noise
    traits = [_sigma(found, base)]
    if noise.correlation is not None:
        how = f'from the noise of neighbouring pixels, {noise.tiles} flat tiles'
        traits.append(
            Trait('noise_correlation', _short(noise.correlation), not noise.spatial, how)
        )
    else:
        value = max(2.0, base.noise_correlation) if noise.capped else base.noise_correlation
        why = 'more than 2 px: the least it can be' if noise.capped else _untold(found, base)
        traits.append(Trait('noise_correlation', value, False, why))
    if noise.persistence is not None:
        traits.append(Trait('noise_persistence', _short(noise.persistence), True,
                            'what the mean of still frames leaves of planes'))  # fmt: skip
    else:
        value = base.noise_persistence
        traits.append(Trait('noise_persistence', value, False, _untold(found, base)))
    return traits


def _sigma(found: Findings, base: SensorProfile) -> Trait:
    """
    Return sigma(z): over time where something was still, else a prior.

    What single images leave of planes is no measurement, for the roughness of surfaces is in it:
    it takes the place of the generic profile's, and of no sensor's that was named.
    """
    noise, held = found.noise, found.held
    if noise.model is not None and not noise.spatial:
        why = f'sigma(z) in metres, over time, from {noise.pixels} pixels of still spans'
        return Trait('noise', _terms(noise.model), True, why)
    if held is not None:
        stays = base.noise_persistence
        why = (
            f'sigma(z) in metres, over time, from {sum(held.pixels)} pixels of {held.frames} '
            'frames while the camera was held still'
        )
        if stays:
            why += f', and as much more as stays by the profile {base.name} ({stays:.0%}, a prior)'
        return Trait('noise', _terms(held.model, 1 / math.sqrt(1 - stays)), True, why)
    if noise.model is not None and base is GENERIC:
        why = (
            'sigma(z) is not measured, for nothing was still: what single images leave of planes '
            f'({noise.tiles} flat tiles), the roughness of surfaces in it; hold the camera still'
        )
        return Trait('noise', _terms(noise.model), False, why)
    return Trait('noise', _terms(base.noise), False, f'sigma(z): {_untold(found, base)}')


def _terms(model: NoiseModel, factor: float = 1.0) -> dict[str, float]:
    return {key: _short(factor * value) for key, value in asdict(model).items()}


def _untold(found: Findings, base: SensorProfile) -> str:
    still = 'nothing was still' if found.noise.spatial else 'the still spans do not tell it'
    return f'{still}; {_of(base)}'


def _quantisation(steps: Steps) -> Trait:
    if steps.even > 0:
        return Trait('quantisation', _short(steps.even), True, 'the step between depths')
    return Trait('quantisation', 0.0, True, 'no step of 0.1 mm or more shows')


def _triangulation(found: Findings) -> list[Trait]:
    """Return steps of disparity; how their number parts into its factors is not told."""
    if not found.steps.disparity:
        return []
    factor = found.resolution['repetition'].value or 1.0
    focal = (found.focal or 0.83 * found.size[0]) / max(1, round(factor))
    subpixel = min(
        (2**k for k in range(8)),
        key=lambda n: abs(math.log(found.steps.disparity / focal / n / _LIKELY_BASELINE)),
    )
    left, out = found.holes['left'].value, found.registration['out'].value
    shadow = left is not None and not 0.4 <= left <= 0.6
    side = -1.0 if left is not None and left < 0.4 else 1.0
    window = 1 + 2 * max(out, 0.0) / (1 - _RAGGED / 2) if out is not None else 5.0
    value = {
        'baseline': side * _short(found.steps.disparity / focal / subpixel, 6),
        'focal': _short(focal, 6),
        'subpixel': subpixel,
        'window': _short(max(window, 1.0)),
        'ragged': _RAGGED,
        'shadow': shadow,
    }
    told = 'window of how far depth edges lie outside of things in colour'
    why = (
        f'baseline * focal * subpixel = {found.steps.disparity:.1f} is measured, its parts are '
        f'not; {told if out is not None else "the window is a prior"}; ragged is a prior'
    )
    return [Trait('triangulation', value, True, why)]


def _holes(found: Findings, base: SensorProfile) -> list[Trait]:
    holes = found.holes
    traits = [_share('edge_dropout', holes['edges'], base)]
    if found.grazing is None:
        seen, why = holes['grazing'].evidence > 0, holes['grazing'].note
        angle, share = (90.0, 0.0) if seen else (base.grazing_angle, base.grazing_dropout)
        why = why if seen else f'{why}; {_of(base)}'
        traits += [
            Trait('grazing_angle', angle, seen, why),
            Trait('grazing_dropout', share, seen, why),
        ]
    else:
        why = f'from {found.grazing.pixels} pixels beyond that slant'
        traits += [
            Trait('grazing_angle', found.grazing.angle, True, why),
            Trait('grazing_dropout', _short(min(found.grazing.share, _MOST)), True, why),
        ]
    traits.append(_share('pixel_dropout', holes['single'], base))
    plain, single = holes['plain'].value, holes['single'].value
    if plain is None or single is None:
        why = f'{holes["plain"].note}; {_of(base)}'
        traits.append(Trait('hole_share', base.hole_share, False, why))
    else:
        value = min(max(plain - single, 0.0), _MOST)
        traits.append(Trait('hole_share', _short(value), True,
                            f'lost on surfaces, not alone, of {holes["plain"].evidence} '
                            'pixels'))  # fmt: skip
    traits.append(Trait('hole_size', base.hole_size, False, f'of the patches; {_of(base)}'))
    dark = holes['dark']
    if dark.value:
        share = float(dark.note.split('%')[0]) / 100
        traits.append(
            Trait('returns', {'dark': _short(dark.value), 'dark_dropout': min(share, _MOST)}, True,
                  f'from {dark.evidence} dark pixels')
        )  # fmt: skip
    return traits


def _share(key: str, figure: Figure, base: SensorProfile) -> Trait:
    if figure.value is None:
        return Trait(key, getattr(base, key), False, f'{figure.note}; {_of(base)}')
    return Trait(key, _short(min(figure.value, _MOST)), True, f'of {figure.evidence} pixels')


def _registration(resolution: Section, base: SensorProfile) -> list[Trait]:
    factor = resolution['repetition'].value
    if factor is None:
        return []
    if factor < 1.5:
        return [Trait('registration', None, True, 'no samples are repeated')]
    baseline = 0.015 if base.registration is None else base.registration.baseline
    return [
        Trait('registration', {'factor': round(factor), 'baseline': baseline}, True,
              f'samples are repeated {factor:g} times each way; the baseline is a prior')
    ]  # fmt: skip


def _range(range_m: tuple[float, float] | None, base: SensorProfile) -> Trait:
    if range_m is None:
        return Trait('range_m', list(base.range_m), False, f'no known pixel; {_of(base)}')
    near, far = math.floor(range_m[0] * 10) / 10, math.ceil(range_m[1] * 10) / 10
    return Trait('range_m', [near, far], True,
                 'of what was in view; the sensor may deliver more')  # fmt: skip


def _optics(found: Findings) -> Trait:
    width, height = found.size
    if found.focal is None:
        value: dict[str, Any] = {'size': [width, height], 'field_of_view': 62.0}
        return Trait('optics', value, False, 'the size is measured; no camera tells the view')
    right = (found.camera['principal_right'].value or 0.0) / width
    down = (found.camera['principal_down'].value or 0.0) / height
    across = found.camera['field_of_view'].value or 62.0
    value = {
        'size': [width, height],
        'field_of_view': _short(across, 5),
        'principal_point': [_short(right), _short(down)],
    }
    return Trait('optics', value, True, 'of camera_info')


def _short(value: float, digits: int = 3) -> float:
    return float(f'{value:.{digits}g}')


def _yaml(value: Any) -> str:
    """Return a value in YAML's flow style, floats always as such."""
    if isinstance(value, Mapping):
        inner = ', '.join(f'{key}: {_yaml(one)}' for key, one in value.items())
        return f'{{{inner}}}'
    if isinstance(value, list | tuple):
        return f'[{", ".join(_yaml(one) for one in value)}]'
    if value is None:
        return 'null'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, float) and 'e' in repr(value):
        # YAML 1.1 wants a point in a number with an exponent
        mantissa, _, exponent = repr(value).partition('e')
        return f'{mantissa if "." in mantissa else mantissa + ".0"}e{int(exponent):+d}'
    return str(value)
