"""The API's resources of people: tokens, users, and one's own profile."""

from ninja import Router

from . import profile, tokens, users

router = Router()
for part, tag in ((tokens, "tokens"), (users, "users"), (profile, "profile")):
    router.add_router("", part.router, tags=[tag])
