from typing import Any

from django import template

from ..admin.front_page import lines_for

register = template.Library()


@register.inclusion_tag("admin/_work_to_do.html", takes_context=True)
def work_to_do(context: template.Context) -> dict[str, Any]:
    """List what needs the attention of the person who is logged in to the admin."""
    return {"lines": list(lines_for(context["request"].user)), "perms": context["perms"]}
