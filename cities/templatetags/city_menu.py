from django import template
from django.utils.safestring import SafeString

from cities.models import City
from cities.registry import regions, registry
from movr_project.templatetags.frame import page_address, page_token
from movr_project.web.kept_parts import kept_part

register = template.Library()


@register.simple_tag(takes_context=True)
def city_menu(context: template.Context) -> SafeString | str:
    """Return the menu of cities. Choosing one returns to the page without the position in its URL."""
    request = context.get("request")
    if request is None or not hasattr(request, "city"):
        return ""  # on error pages rendered before the middleware ran
    address = request.path if context.get("located") else page_address(request)
    slots = {"token": page_token(context), "next": address}
    return kept_part(
        "_city_menu.html",
        slots,
        current=request.city.name,
        here=request.city._wrapped if hasattr(request.city, "_wrapped") else request.city,
        region=region_name(request.city),
        menu=registry.menu,
    )


@register.simple_tag
def region_name(city: City) -> str:
    """Return what people call the region of a city."""
    return str(regions.of(city))
