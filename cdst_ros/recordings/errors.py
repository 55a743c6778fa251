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
"""What goes wrong with recordings and bags; every message says what, where and what to do."""

from __future__ import annotations


class RecordingError(ValueError):
    """A recording, or a folder to import, that cannot be used as asked."""


class StampOrderError(RecordingError):
    """A frame that is not later than the one before it; nothing was written of it."""


class RecordingWriteError(OSError):
    """A frame that could not be written; the frames before it are safe."""

    def __str__(self) -> str:
        """Return the sentence, without the number that an OSError puts before it."""
        return str(self.strerror or super().__str__())


class BagError(ValueError):
    """A bag that cannot be read as asked."""


class SeveralTopicsError(BagError):
    """A bag in which it is not clear which topic to read; the message lists them."""


class NoColorError(BagError):
    """A bag in which no topic carries colour."""
