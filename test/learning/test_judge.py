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
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from rooms import record

from cdst_ros.evaluation.guard.decision import Decision
from cdst_ros.learning.job import Job, Order
from cdst_ros.learning.judge import _is_unseen, guarded, judge, judgement
from cdst_ros.learning.offer import Offer
from cdst_ros.learning.parts import split, write_part
from cdst_ros.learning.stages import judged as judged_part
from cdst_ros.learning.stages import learned
from cdst_ros.recordings.reader import Recording, read_entries
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import load_profile

BETTER, EQUAL, WORSE = (0.2, 0.1, 0.3), (0.0, -0.1, 0.1), (-0.2, -0.3, -0.1)


def report(edges=BETTER, rmse=EQUAL, frames=20, broken=(), verdicts=None):
    """Return as much of an evaluation's report as is judged by."""

    def stands(gain, low, high):
        return {'gain': gain, 'gain_interval': (low, high), 'floor': 'nearest'}

    found = {'edge_mae_cm': stands(*edges), 'rmse_cm': stands(*rmse)}
    for name, verdict in (verdicts or {}).items():
        found[name] = {'verdict': verdict}
    details = {'versus_models': {'old': found}, 'versus_depth_only': {}}
    metrics = {'edge_mae_cm': 4.0, 'rmse_cm': 8.0}
    rows = [
        SimpleNamespace(method='new', metrics=metrics, details=details),
        SimpleNamespace(method='old', metrics={'edge_mae_cm': 5.0, 'rmse_cm': 8.0}, details={}),
    ]
    return SimpleNamespace(
        frames=[None] * frames, report=SimpleNamespace(rows=rows, broken=list(broken))
    )


def judged(origin=None, unseen=True, **values):
    return judgement(report(**values), 'new', 'old', 'room', origin or {}, unseen=unseen)


@pytest.mark.parametrize(
    ('values', 'better', 'said'),
    [
        ({}, True, 'the error at edges falls by 20 % (10 to 30), from 5.0 to 4.0 cm'),
        ({'edges': EQUAL}, False, 'the error at edges does not change beyond chance'),
        ({'edges': EQUAL, 'rmse': BETTER}, True, 'the RMSE of all pixels falls by 20 %'),
        ({'rmse': WORSE}, False, 'the RMSE of all pixels grows by 20 % (10 to 30)'),
        ({'frames': 9}, False, 'fewer than 10 frames prove nothing'),
        ({'frames': 10}, True, 'On 10 frames of room that it has not learned from, new against'),
        ({'broken': ['new broke its bound on 1 frame']}, False, 'new broke its bound on 1 frame'),
        ({'broken': ['old broke its bound on 1 frame']}, True, 'falls'),
        ({'verdicts': {'flying_pixels': 'worse'}}, True, 'flying pixels grow'),
        ({'verdicts': {'thin_recall': 'worse'}}, True, 'losses of thin structures grow'),
    ],
)
def test_what_is_better(values, better, said):
    found = judged(**values)
    assert found.better is better
    assert said in found.sentence


def test_it_says_what_it_learned_from():
    found = judged({'recordings': [{'name': 'room', 'fingerprint': 'abc', 'frames': 3}]})
    assert found.fingerprint == 'abc'
    assert found.figures['new'] == {'edge_mae_cm': 4.0, 'rmse_cm': 8.0}


def test_it_does_not_vouch_for_what_it_does_not_know():
    found = judged(unseen=False)
    assert not found.unseen
    assert 'that it may have learned from' in found.sentence


def test_what_a_model_from_elsewhere_has_seen_is_told_by_the_fingerprint(tmp_path):
    room = record(tmp_path / 'room', 12, size=(16, 12))
    entries = read_entries(room).entries
    for name, part in (('before', entries[:8]), ('copied', entries[:6]), ('more', entries[:9])):
        write_part(room, part, tmp_path / name)
    before = Recording(tmp_path / 'before')

    def origin(name):
        recording = Recording(tmp_path / name)
        return {
            'recordings': [
                {'name': name, 'fingerprint': recording.fingerprint, 'frames': len(recording)}
            ]
        }

    assert _is_unseen(before, origin('before'))
    # It was copied earlier; frames have come since.
    assert _is_unseen(before, origin('copied'))
    assert not _is_unseen(before, origin('more'))
    # A shipped model has learned from no recording at all.
    assert _is_unseen(before, {})


def decision(offered):
    return Decision(offered, 'Offered. It is.' if offered else 'Not offered. It is not.', ())


@pytest.mark.parametrize(
    ('values', 'referenced', 'offered', 'better', 'words'),
    [
        ({}, True, True, True, ('falls by 20 %', 'Offered')),
        ({}, True, False, False, ('Not offered. It is not.', 'nothing')),
        ({'edges': WORSE}, True, True, False, ('grows by 20 %', 'Offered')),
        ({}, False, True, True, ('new against old: Offered. It is.', 'falls by')),
        ({}, False, False, False, ('new against old: Not offered. It is not.', 'falls by')),
        # Pairs across scales that a report shows decide nothing; broken promises do.
        ({'edges': WORSE}, False, True, True, ('Offered. It is.', 'grows by')),
        (
            {'broken': ['new broke its bound']},
            False,
            True,
            False,
            ('new broke its bound', 'falls'),
        ),
    ],
)
def test_the_guard_decides_where_there_is_no_reference(values, referenced, offered, better, words):
    found = guarded(judged(**values), decision(offered), referenced=referenced)
    said, unsaid = words
    assert found.better is better
    assert said in found.sentence
    assert unsaid not in found.sentence
    assert found.guard['offered'] is offered


@pytest.mark.parametrize('reference', [False, True])
def test_a_job_is_judged_and_tells_why(tmp_path, reference):
    room = record(tmp_path / 'room', 48, size=(64, 48), profile='tof', reference=reference)
    models = shipped_models()
    order = Order(
        recording=str(room),
        base=str(models['fast_x4']),
        name='new',
        candidate=str(models['lite_x4_tof']),
        held_out=0.3,
        gap_s=0.5,
        judge_frames=12,
    )
    (tmp_path / 'job').mkdir()
    job = Job.create(tmp_path / 'job', order)
    split(room, learned(job), judged_part(job), order.held_out, order.gap_s)
    found = judge(job)
    told = json.loads((job / 'result.json').read_text())
    assert told['better'] is found.better
    assert told['sentence'] == found.sentence
    assert found.better is (found.guard['offered'] and not found.faults)
    findings = found.guard['findings']
    assert findings['matched']['frames'] == 12
    assert ('cross_scale' in findings) is not reference
    if not reference:
        assert findings['fused_frames']['frames'] == 12
        assert found.guard['sentence'] in found.sentence
        assert 'made 4 times smaller by profile' in findings['cross_scale']['sentence']
    report = json.loads((job / 'report.json').read_text())
    assert report['guard'] == told['guard']
    assert load_profile(job / 'profile.yaml').optics.size == (64, 48)
    page = (job / 'report.html').read_text()
    assert 'Whether it may be offered' in page
    assert 'Matched synthetic frames (G3)' in page
    status = Offer.of(job).to_json()
    assert status['says'] == found.sentence
    assert status['judgement']['guard'] == told['guard']


def test_what_the_documentation_prints_runs(tmp_path, monkeypatch, capsys):
    text = (Path(__file__).parents[2] / 'docs' / 'guard.md').read_text()
    (example,) = re.findall(r'```python\n(.*?)```', text, flags=re.DOTALL)
    record(tmp_path / 'kitchen', 10, size=(48, 36), profile='tof', reference=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('cdst_ros.evaluation.guard.watch.SYNTHETIC', 10)
    exec(compile(example, 'docs/guard.md', 'exec'), {})
    assert 'ffered' in capsys.readouterr().out
