import pytest
from shop.prices import shipping


@pytest.mark.parametrize(
    ("cents", "country", "cost"),
    [(100, "DE", 490), (5000, "DE", 0), (5000, "FR", 990), (10000, "FR", 0)],
)
def test_shipping_is_free_above_a_limit(cents, country, cost):
    assert shipping(cents, country) == cost
