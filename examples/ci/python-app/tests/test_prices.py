import pytest
from shop.prices import Basket, UnknownKind, discount


@pytest.fixture
def basket():
    basket = Basket()
    basket.add("book", 1000)
    basket.add("toy", 599)
    return basket


def test_tax_depends_on_the_kind(basket):
    assert (basket.net(), basket.tax(), basket.gross()) == (1599, 184, 1783)


def test_the_dearest_thing_of_an_empty_basket_is_none(basket):
    assert (basket.count(), basket.dearest(), Basket().dearest()) == (2, 1000, None)


def test_the_receipt_has_a_line_for_each_thing_and_the_sum(basket):
    assert basket.receipt().splitlines()[-1] == "sum            17.83"


def test_what_cannot_be_taxed_is_refused(basket):
    with pytest.raises(UnknownKind):
        basket.add("idea", 1)
    with pytest.raises(ValueError, match="0 or more"):
        basket.add("toy", -1)


@pytest.mark.parametrize(("code", "price"), [("half", 500), ("tenth", 900), ("none", 1000)])
def test_a_code_lowers_the_price(code, price):
    assert discount(1000, code) == price
