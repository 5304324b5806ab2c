"""Valid names of a new service, and the names derived from them."""

import pytest

from scaffold.names import NameRefused, noun, spelt


@pytest.mark.parametrize(
    ("name", "singular", "plural"),
    [
        ("wishlist-service", "wishlist", "wishlists"),
        ("gift-box-service", "gift-box", "gift-boxes"),
        ("category-service", "category", "categories"),
        ("holiday-service", "holiday", "holidays"),
        ("address-service", "address", "addresses"),
    ],
)
def test_a_noun_and_its_plural(name, singular, plural):
    assert (noun(name).kebab, noun(name).plural.kebab) == (singular, plural)


def test_every_spelling_of_the_sample_becomes_that_of_the_noun():
    sample = "sample-thing sample_things SampleThing sampleThingId SAMPLETHING# sample things"

    assert (
        spelt(sample, noun("gift-box-service"))
        == "gift-box gift_boxes GiftBox giftBoxId GIFTBOX# gift boxes"
    )
    assert spelt(sample, noun("menu-service")) == "menu menus Menu menuId MENU# menus"


@pytest.mark.parametrize(
    "name",
    [
        "", "wishlist", "-service", "service", "Wishlist-service", "wish list-service",
        "wish_list-service", "2-service", "wish--list-service", "../wishlist-service",
        "wünsche-service", "wishlist-service\n", "reviews-service", "model-service",
        "x" * 40 + "-service",
    ],
)  # fmt: skip
def test_what_no_service_can_be_called(name):
    with pytest.raises(NameRefused, match="NAME="):
        noun(name)
