"""The clocks of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> timedelta:
        # of all steady clocks the one that counts while a laptop's lid is shut
        return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
