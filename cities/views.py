from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from movr_project.web.redirects import safe_next

from .forms import ChooseCityForm
from .location import CHOSEN
from .registry import registry


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Switch to another city."""
    form = ChooseCityForm(request.POST)
    if form.is_valid():
        city = registry[form.cleaned_data["city"]]
        request.session[CHOSEN] = city.name
        messages.success(request, _("Now using %(city)s as your current city.") % {"city": city})
    else:
        messages.error(request, form.errors["city"][0])
    return redirect(safe_next(request) or "home")
