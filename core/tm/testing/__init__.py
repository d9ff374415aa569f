"""The kit for plugin authors: a host with a real store and dispatcher, a clock to turn, a scripted server."""

from __future__ import annotations

from tm.testing.clock import FakeClock
from tm.testing.host import DeliveryRow, Host
from tm.testing.server import Reply, Request, ScriptedServer

__all__ = ["DeliveryRow", "FakeClock", "Host", "Reply", "Request", "ScriptedServer"]
