"""What a basket costs, in cents."""

from __future__ import annotations

VAT = {"food": 7, "book": 7, "toy": 19}


class UnknownKind(ValueError):
    """There is no tax rate for such goods."""


class Basket:
    """Goods by kind, with their net prices."""

    def __init__(self) -> None:
        self._goods: list[tuple[str, int]] = []

    def add(self, kind: str, cents: int) -> None:
        """Put one thing into the basket."""
        if kind not in VAT:
            raise UnknownKind(kind)
        if cents < 0:
            raise ValueError("a price is 0 or more")
        self._goods.append((kind, cents))

    def net(self) -> int:
        """The sum without tax."""
        return sum(cents for _, cents in self._goods)

    def tax(self) -> int:
        """The tax, rounded to whole cents for each thing."""
        total = 0
        for kind, cents in self._goods:
            total += round(cents * VAT[kind] / 100)
        return total

    def gross(self) -> int:
        """The sum with tax."""
        return self.net() + self.tax()

    def count(self) -> int:
        """How many things there are."""
        return len(self._goods)

    def is_empty(self) -> bool:
        """Whether there is nothing to pay for."""
        return self.count() == 0

    def dearest(self) -> int | None:
        """The highest net price, or None in an empty basket."""
        if self.is_empty():
            return None
        return max(cents for _, cents in self._goods)

    def receipt(self) -> str:
        """One line a thing, and the sum."""
        lines = []
        for kind, cents in self._goods:
            lines.append(f"{kind:<10}{money(cents):>10}")
        lines.append(f"{'sum':<10}{money(self.gross()):>10}")
        return "\n".join(lines)


def money(cents: int) -> str:
    """Cents as people read them."""
    return f"{cents // 100}.{cents % 100:02}"


def discount(cents: int, code: str) -> int:
    """The price with a code that customers typed."""
    code = code.strip().upper()
    if code == "HALF":
        return cents // 2
    if code == "TENTH":
        return cents - cents // 10
    return cents


def shipping(cents: int, country: str) -> int:
    """What the parcel costs."""
    free_above = 5000
    rate = 490
    if country != "DE":
        rate = 990
        free_above = 10000
    if cents >= free_above:
        return 0
    return rate
