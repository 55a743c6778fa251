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
"""The array types that depth images travel in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Depth in metres along the optical Z axis, NaN = unknown (REP 117, REP 118).
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
#: Depth as sensors deliver it, usually millimetres, 0 = unknown.
U16 = NDArray[np.uint16]
#: Colour images, RGB order, and masks as OpenCV wants them.
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
AnyArray = NDArray[Any]
