"""How long a person waits for help."""

from __future__ import annotations

from benchmarks.figures import heading, median, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.pairs import ROUNDS, always, ratio, wall


def run(*, is_quick: bool) -> None:
    """Measure `tm --help`."""
    heading("Help")
    hub, rounds = Hub("start"), 7 if is_quick else ROUNDS
    took = [wall(hub.command("--help")) for _ in range(rounds)]
    report_absolute("tm --help: median", 1000 * median(took), unit="ms", at_most=400)
    over = ratio(always(hub.command("--help")), always(hub.bare()), rounds=rounds)
    report("tm --help over `python -c pass`", over)
