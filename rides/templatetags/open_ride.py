from django import template
from django.utils.safestring import SafeString

from movr_project.templatetags.frame import page_token
from rides.models import Ride
from rides.open_ride import open_ride_card

register = template.Library()


@register.simple_tag(takes_context=True)
def open_ride(context: template.Context, ride: Ride) -> SafeString:
    """Return the card of an open ride with ``due_at`` and ``end_form``."""
    return open_ride_card(ride, token=page_token(context))
