"""The painter of diffusion workflows: each kind of painting goes to the workflow bound to it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.faults import Fault, Reason
from models.painting import Painting, PaintRequest
from models.recorded import Recorded
from models.vocabulary import PaintKind


class Workflow(Protocol):
    """Paints one or several kinds."""

    @property
    def name(self) -> str:
        """Its name, for the rows that it makes."""

    @property
    def version(self) -> str:
        """Raised by hand whenever its answers change."""

    def params(self) -> Mapping[str, object]:
        """Checkpoints and settings: part of the recipe."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPainter(Recorded):
    """Paints every kind that a workflow is bound to."""

    name = "workflows"
    version = "1"

    erase: Workflow | None = None
    insert: Workflow | None = None
    recolour: Workflow | None = None
    backdrop: Workflow | None = None
    stylise: Workflow | None = None
    isolate: Workflow | None = None

    @property
    def batch_size(self) -> int:
        """Requests that are worth putting to it together: those of its largest batch."""
        return max((getattr(flow, "batch_size", 1) for flow in self._bound().values()), default=1)

    def setup(self) -> None:
        """Nothing: a workflow loads its pipeline with its first batch."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request; a workflow gets all of its requests in one call."""
        bound = self._bound()
        shares: dict[int, list[int]] = defaultdict(list)
        answers: dict[int, Painting | Fault] = {}
        flows: dict[int, Workflow] = {}
        for index, request in enumerate(requests):
            flow = bound.get(str(request.kind))
            if flow is None:
                answers[index] = _unbound(request)
            else:
                # One workflow may serve several kinds.
                flows[id(flow)] = flow
                shares[id(flow)].append(index)
        for key, share in shares.items():
            painted = flows[key].paint([requests[index] for index in share])
            answers |= dict(zip(share, painted, strict=True))
        return [answers[index] for index in range(len(requests))]

    def _bound(self) -> dict[str, Workflow]:
        flows = {kind.value: getattr(self, kind.value, None) for kind in PaintKind}
        return {kind: flow for kind, flow in flows.items() if flow is not None}


def _unbound(request: PaintRequest) -> Fault:
    if request.kind is None or request.kind is PaintKind.FRAME:
        detail = f"{request.kind or 'a step of the edit type itself'} is not painted by a workflow"
    else:
        detail = f"no workflow is bound: the profile's [roles.painter] has no key {request.kind}"
    return Fault(reason=Reason.UNPAINTABLE, detail=detail)
