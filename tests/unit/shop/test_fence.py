"""Who may pass, by what the daemon says."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop.fence import Fence, Refused, Stand


class Standing(Fence):
    """A host whose stand is known without a daemon."""

    def __init__(self, stand: Stand) -> None:
        super().__init__(Path("unused"))
        self._stand = stand

    def stand(self) -> tuple[Stand, str]:
        return self._stand, "as the test says"


@pytest.mark.parametrize(
    ("stand", "proof", "passes"),
    [
        (Stand.OPEN, None, True),
        (Stand.OPEN, "run-1", True),
        (Stand.CLOSED, None, False),
        (Stand.CLOSED, "", False),
        (Stand.CLOSED, "run-1", True),
        (Stand.FENCED, None, False),
        (Stand.FENCED, "run-1", False),
    ],
)
def test_a_proof_passes_a_closed_door_and_no_fence(
    stand: Stand, proof: str | None, passes: bool
) -> None:
    fence = Standing(stand)
    if passes:
        fence.ask(proof)
        return
    with pytest.raises(Refused) as refused:
        fence.ask(proof)
    assert refused.value.stand is stand
