"""What holds a plugin back, in words. Nothing dear is imported: waiting commands ask."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.store.ledger import Standing

NEEDS_LOGIN, PAUSED = "needs login", "paused"


def held_back(standing: Standing, *, now: str) -> tuple[str, str] | None:
    """Why a plugin is not called at the UTC stamp `now`, as its state and the reason; None if nothing holds it."""
    if standing.state != "active":
        return standing.state, standing.state_reason or ""
    return pause_of(standing, now=now)


def pause_of(standing: Standing, *, now: str) -> tuple[str, str] | None:
    """What holds a plugin back that could be called otherwise, and why; None if nothing does."""
    name = standing.plugin
    if standing.paused:
        why = standing.paused.removeprefix(f"{NEEDS_LOGIN}: ").rstrip(".")
        return NEEDS_LOGIN, f"{why}. Once mended: tm doctor {name}, or tm plugins resume {name}"
    if standing.open_until and standing.open_until > now:
        why = (standing.last_error or "it failed several times").rstrip(".")
        return PAUSED, f"Until {standing.open_until}: {why}. To try at once: tm plugins resume {name}"
    return None
