"""Posts, followers and messages of demo people in Paris. See ``operations.demo.parts``."""

from datetime import datetime, timedelta

from accounts.models import User

from .languages import detect_language
from .refusals import CommunityRefused
from .services import follow, send_message
from .services.posts import insert_post

HOME = "paris"
WRITERS = 4
POSTS = [
    "The lift at Gare du Nord is broken again. Take the ramp on the east side.",
    "Found a grey glove in the basket of a bike at Bastille. Yours?",
    "¡Qué bonito el Canal Saint-Martin por la mañana!",
    "The cycle lane on Boulevard Voltaire is closed until Friday.",
    "Ten minutes from République to the Louvre by e-bike. Faster than the métro!",
    "¿Alguien sabe dónde se puede aparcar un patinete cerca de la Ópera?",
]


def add_community(now: datetime) -> None:
    people = User.objects.active().listed().in_city(HOME).filter(is_staff=False).by_username()
    writers = list(people[:WRITERS])
    readers = list(people.filter(username__in=["rider", "owner"]))
    try:
        for number, body in enumerate(POSTS if writers else []):
            author, written = writers[number % len(writers)], now - timedelta(hours=7 * number + 1)
            token, language = f"demo {number}", detect_language(body)
            insert_post(author=author, body=body, token=token, language=language, created_at=written)
        for reader in readers:
            for author in writers:
                if author != reader:
                    follow(follower=reader, followed=author)
            if writers and writers[0] != reader:
                send_message(sender=writers[0], recipient=reader, body="Hi! Shall we ride on Sunday?", token="demo")  # noqa: S106
    except CommunityRefused:
        return  # someone has left or blocked someone meanwhile
