"""The API's resources of the fleet."""

from ninja import Router

from . import addresses, aliases, allocations, bookings, changes, events, vehicles  # noqa: F401  (changes adds to vehicles)

router = Router()
# The path of a resource is in one module, as one view answers all of its methods.
for part, tag in (
    (vehicles, "vehicles"),
    (allocations, "allocations"),
    (bookings, "bookings"),
    (events, "vehicles"),
    (addresses, "cities"),
    (aliases, "inventory"),
):
    router.add_router("", part.router, tags=[tag])
