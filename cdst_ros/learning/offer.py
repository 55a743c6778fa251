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
"""A model on offer: what it is, what speaks for it, and who decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.learning.job import REPORT_HTML, REPORT_JSON, Job
from cdst_ros.superres.contract import ModelMetadata, read_metadata


@dataclass(frozen=True)
class Offer:
    """
    A model that may take over.

    :param model: its file
    :param metadata: what it says of itself
    :param sentence: what the judge found, for a person
    :param better: whether the judge found it better than what runs
    :param unseen: whether that was on frames that it has certainly not learned from
    :param report: the report in JSON, where there is one
    :param page: the same as a page, where there is one
    :param judgement: what the judge wrote; empty where nobody judged
    """

    model: Path
    metadata: ModelMetadata
    sentence: str
    better: bool = False
    unseen: bool = False
    report: Path | None = None
    page: Path | None = None
    judgement: dict[str, Any] | None = None

    @classmethod
    def of(cls, job: Job) -> Offer:
        """
        Return the offer that a finished job makes.

        :raises ModelError: when its model cannot be used
        :raises JobError: when the job is damaged
        """
        found = job.result()
        page = job / REPORT_HTML
        return cls(
            model=job.model(),
            metadata=read_metadata(job.model()),
            sentence=str(found.get('sentence', '')),
            better=bool(found.get('better')),
            unseen=bool(found.get('unseen')),
            report=job / REPORT_JSON,
            page=page if page.exists() else None,
            judgement=found,
        )

    @classmethod
    def unjudged(cls, model: Path, why: str) -> Offer:
        """
        Return the offer of a model that nobody here could judge.

        :raises ModelError: when it cannot be used
        """
        metadata = read_metadata(model)
        return cls(
            model, metadata, f'{metadata.name} could not be judged here: {why}. Judge it yourself'
        )

    def refusal(self, running: ModelMetadata) -> str:
        """
        Return why it cannot take over from a model that runs; empty when it can.

        Scale and grid decide the size of the output and its camera_info, and with it what every
        listener has made of them.
        """
        ours, theirs = self.metadata, running
        if (ours.scale, ours.alignment) != (theirs.scale, theirs.alignment):
            return (
                f'{ours.name} makes images of x{ours.scale} ({ours.alignment.value}) and '
                f'{theirs.name}, which runs, of x{theirs.scale} ({theirs.alignment.value}): that '
                'would change size and camera_info under the feet of those who listen. Train from '
                'the model that runs, or restart the superres node with this one'
            )
        if ours.guided and not theirs.guided:
            return f'{ours.name} needs colour, and {theirs.name}, which runs, does not'
        return ''

    def to_json(self) -> dict[str, Any]:
        """Return the offer as JSON values, for a status message."""
        return {
            'model': self.metadata.name,
            'file': str(self.model),
            'better': self.better,
            'says': self.sentence,
            'report': '' if self.report is None else str(self.report),
            'page': '' if self.page is None else str(self.page),
            'judgement': self.judgement or {},
        }
