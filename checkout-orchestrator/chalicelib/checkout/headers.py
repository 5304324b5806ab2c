"""The headers with the secrets of guests: URLs are logged, headers not."""

from common.routes import Header

GUEST_CART = Header("X-Guest-Cart", "The `guestCart` of POST /cart/guest: it opens the cart.")
ORDER_TOKEN = Header("X-Order-Token", "The `orderToken` of the guest's order: it opens the order.")
