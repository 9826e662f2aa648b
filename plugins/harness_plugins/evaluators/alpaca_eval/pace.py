"""How fast an endpoint is asked: one pace for all requests in flight."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Pace:
    """Lets requests begin at even distances, and none while the server has asked to wait."""

    per_minute: float
    """Requests begun per minute, tries of one comparison counted each; 0: as fast as may be."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Once this is set, nobody waits any longer."""
    _next: float = 0.0
    """Monotonic seconds at which the next request may begin."""

    async def turn(self) -> None:
        """Wait until a request may begin."""
        while (wait := self._next - time.monotonic()) > 0 and not self.over.is_set():
            await self.rest(wait)
        self._next = max(self._next, time.monotonic()) + (60 / self.per_minute if self.per_minute else 0)

    def hold(self, seconds: float) -> None:
        """Let no request begin for so long."""
        self._next = max(self._next, time.monotonic() + seconds)

    async def rest(self, seconds: float) -> None:
        """Wait, unless it is all over."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass
