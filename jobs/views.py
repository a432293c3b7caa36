"""A person's jobs: their progress, their results, and how to cancel them."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.two_factor import services as second_factor
from movr_project.web.access import terms_not_required
from movr_project.web.live_parts import render_live, wants_live_part

from .errors import JobRefused
from .files import read_file
from .models import ACTIVE, FileKind, Job
from .registry import task_of
from .services.outcomes import cancel
from .shown import shown_jobs

JOBS_ON_PAGE = 50
JOBS_IN_BAR = 3
BAR_SHOWS_ENDED_FOR = timedelta(minutes=1)


@terms_not_required
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    jobs = request.user.jobs.shown().filter(pruned_at=None).newest_first()[:JOBS_ON_PAGE]
    return render(request, "jobs/job_list.html", {"jobs": shown_jobs(jobs)})


@login_not_required
@require_safe
def bar(request: HttpRequest) -> HttpResponse:
    """Show a person's active jobs on any page, and for a minute those that have ended.

    Public, so that a page whose session has ended stops asking instead of being replaced by the log-in page.
    """
    if not wants_live_part(request):
        return redirect("jobs:job_list")
    jobs = shown_jobs(_jobs_in_bar(request.user)) if request.user.is_authenticated else []
    return render(request, "jobs/_bar.html", {"jobs": jobs, "is_active": any(shown.job.is_active for shown in jobs)})


def _jobs_in_bar(user: User) -> QuerySet[Job]:
    recent = Q(finished_at__gt=timezone.now() - BAR_SHOWS_ENDED_FOR)
    return user.jobs.shown().filter(Q(status__in=ACTIVE) | recent).newest_first()[:JOBS_IN_BAR]


def with_own_job(view: Callable[[HttpRequest, Job], HttpResponse]) -> Callable[[HttpRequest, uuid.UUID], HttpResponse]:
    """Decorate a view of one of the person's jobs. Staff's work is shown like the admin: with a second factor only."""

    @wraps(view)
    def with_job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        job = get_object_or_404(request.user.jobs.shown(), id=job_id)
        task = task_of(job.task)
        if task is None or not task.for_staff:
            return view(request, job)
        if not request.user.is_staff:
            raise Http404
        if second_factor.is_missing(request):
            return redirect(reverse("accounts:second_factor", query={"next": job.get_absolute_url()}))
        return view(request, job)

    return with_job


@terms_not_required
@require_safe
@with_own_job
def job_page(request: HttpRequest, job: Job) -> HttpResponse:
    """Show a job. htmx asks for the part that changes until the job has ended."""
    if job.is_pruned:
        return _gone(request)
    (shown,) = shown_jobs([job])
    return render_live(request, "jobs/job.html", "jobs/_job.html", {"shown": shown, "job": job})


@terms_not_required
@require_POST
@with_own_job
def cancel_job(request: HttpRequest, job: Job) -> HttpResponse:
    try:
        cancel(city=job.city, job_id=job.id)
    except JobRefused as refused:
        messages.error(request, str(refused))
    return redirect(job)


@terms_not_required
@require_safe
@with_own_job
def job_file(request: HttpRequest, job: Job) -> HttpResponse:
    """Download what a job made. Only for its person, and for a day."""
    if not job.has_file(timezone.now()):
        return _gone(request)
    response = StreamingHttpResponse(read_file(job, FileKind.RESULT), content_type=job.file_type)
    response["Content-Disposition"] = content_disposition_header(True, job.file_name)
    return response


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "jobs/gone.html", status=HTTPStatus.GONE)
