"""The page on which people turn on notifications for a browser."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from movr_project.web.redirects import post_data

from . import keys
from .forms import DeviceForm
from .services import turn_off, turn_on
from .sessions import remember_device, this_device


@require_http_methods(["GET", "HEAD", "POST"])
def device_list(request: HttpRequest) -> HttpResponse:
    """List the person's browsers that get notifications. POST adds this one."""
    if not keys.is_configured():
        raise Http404
    form = DeviceForm(post_data(request))
    if form.is_valid():
        remember_device(request, turn_on(user=request.user, **form.cleaned_data))
        messages.success(request, _("Notifications are on for this browser."))
        return redirect("notifications:device_list")
    devices = request.user.push_subscriptions.current(request.user).newest_first()
    context = {
        "devices": devices,
        "this_device": this_device(request),
        "form": form,
        "public_key": keys.public_key(),
    }
    return render(request, "notifications/device_list.html", context)


@require_POST
def device_remove(request: HttpRequest, device_id: uuid.UUID) -> HttpResponse:
    device = get_object_or_404(request.user.push_subscriptions, id=device_id)
    turn_off(city=device.city, id_=device.id)
    messages.success(request, _("Notifications are off for that browser."))
    return redirect("notifications:device_list")
