"""Every URL and its response to each kind of user: the tables of the sweep.

404 means that the page doesn't exist for that user; LOG_IN is a redirect to the log-in page with ``next``. The fixtures
``world`` and ``browser`` create the data.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

LOG_IN = "log in"
NOBODY, RIDER, OTHER_RIDER, OWNER, OTHER_OWNER = "nobody", "rider", "other rider", "owner", "other owner"
OPERATIONS, SUPPORT, READ_ONLY, SUPERUSER = "operations", "support", "read-only", "superuser"
PEOPLE = [NOBODY, RIDER, OTHER_RIDER, OWNER, OTHER_OWNER]
STAFF = [OPERATIONS, SUPPORT, READ_ONLY, SUPERUSER]
EVERYONE = PEOPLE + STAFF
WITH_APP = "staff with an authenticator app"  # for forms alone
OTHER_METHODS = ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]

Answers = dict[str, int | str]


def everyone(status: int, **others: int) -> Answers:
    """Return one response for all, except those named."""
    return dict.fromkeys(EVERYONE, status) | {who.replace("_", " "): answer for who, answer in others.items()}


def members(status: int, **others: int) -> Answers:
    """Logged-in users get a response; others are redirected to log in."""
    return everyone(status) | {NOBODY: LOG_IN} | {who.replace("_", " "): a for who, a in others.items()}


def only(status: int, *who: str, rest: int = 404) -> Answers:
    return members(rest) | dict.fromkeys(who, status)


@dataclass(frozen=True)
class Row:
    """The responses of a URL. ``args`` and ``data`` are computed from the test's world."""

    get: Answers
    post: Answers
    args: Callable[[Any], list] = field(default=lambda world: [])
    data: Callable[[Any], dict] = field(default=lambda world: {})


def of_vehicle(world):
    return ["paris", world.vehicle.public_id]


def of_ridden_vehicle(world):
    return ["paris", world.ride.vehicle_id]


def of_ride(world):
    return ["paris", world.ride.id]


def of_booking(world):
    return ["paris", world.booking.id]


def of_notice(world):
    return [world.notice.id]


def of_passkey(world):
    return [world.passkey.id]


def of_job(world):
    return [world.job.id]


def of_post(world):
    return ["paris", world.post.id]


def of_member(world):
    return [world.member.username]


def tomorrow():
    return timezone.now() + timedelta(days=1)


FORM = {"get": members(200), "post": members(200)}  # an empty form comes back with its errors
VISITORS = {"get": everyone(302, nobody=200), "post": everyone(302, nobody=200)}
STAFF_404 = only(302, *STAFF)

TABLE = {
    "home": Row(get=everyone(302, nobody=200), post=everyone(405)),
    "manifest": Row(get=everyone(200), post=everyone(405)),
    "service_worker": Row(get=everyone(200), post=everyone(405)),
    "offline": Row(get=everyone(200), post=everyone(405)),
    "offline_form": Row(get=everyone(200), post=everyone(405)),
    "robots": Row(get=everyone(200), post=everyone(405)),
    "favicon": Row(get=everyone(302), post=everyone(405)),
    "change_password": Row(get=everyone(302), post=everyone(405)),
    "security_txt": Row(get=everyone(404), post=everyone(405)),
    "cities:choose": Row(get=everyone(405), post=everyone(302)),
    "accounts:language": Row(get=everyone(405), post=everyone(302)),
    "accounts:register": Row(**VISITORS),
    "accounts:login": Row(**VISITORS),
    "accounts:passkey_log_in": Row(get=everyone(302), post=everyone(302, nobody=200)),
    "accounts:log_in_mail": Row(**VISITORS),
    "accounts:log_in_link": Row(get=everyone(200), post=everyone(200), args=lambda world: ["forged"]),
    "accounts:logout": Row(get=everyone(405), post=everyone(302)),
    "accounts:password_reset": Row(get=everyone(200), post=everyone(200)),
    "accounts:password_reset_confirm": Row(get=everyone(200), post=everyone(200), args=lambda world: ["x", "y"]),
    "accounts:email_send": Row(get=members(405), post=members(302)),
    "accounts:email_confirm": Row(get=everyone(200), post=everyone(200), args=lambda world: ["forged"]),
    "accounts:profile": Row(get=members(200), post=members(405)),
    "accounts:profile_edit": Row(**FORM),
    "accounts:password_change": Row(**FORM),
    "accounts:home_city": Row(**FORM),
    "accounts:profile_delete": Row(**FORM),
    "accounts:token_list": Row(get=members(200), post=members(405)),
    "accounts:token_revoke": Row(get=members(405), post=only(302, RIDER), args=lambda world: [world.token.id]),
    "accounts:passkey_list": Row(get=members(200), post=members(405)),
    "accounts:passkey_add": Row(**FORM),
    "accounts:passkey_create": Row(get=members(302), post=members(302)),
    "accounts:passkey_rename": Row(get=only(200, RIDER), post=only(200, RIDER), args=of_passkey),
    "accounts:passkey_remove": Row(get=only(200, RIDER), post=only(200, RIDER), args=of_passkey),
    "accounts:personal_data": Row(get=members(200), post=members(302)),
    "accounts:log_out_everywhere": Row(get=members(405), post=members(302)),
    "accounts:second_factor": Row(get=STAFF_404, post=STAFF_404),
    "accounts:second_factor_passkey": Row(get=STAFF_404, post=STAFF_404),
    "accounts:second_factor_set_up": Row(get=only(200, *STAFF), post=only(200, *STAFF)),
    "accounts:second_factor_codes": Row(get=only(405, *STAFF), post=STAFF_404),
    "accounts:second_factor_remove": Row(get=only(405, *STAFF), post=STAFF_404),
    "notifications:notification_list": Row(get=members(200), post=members(405)),
    "notifications:device_list": Row(**FORM),
    "notifications:device_remove": Row(get=members(405), post=only(302, RIDER), args=lambda world: [world.device.id]),
    "notifications:read_all": Row(get=members(405), post=members(302)),
    "notifications:notification_read": Row(get=members(405), post=only(302, RIDER), args=of_notice),
    "jobs:job_list": Row(get=members(200), post=members(405)),
    "jobs:bar": Row(get=everyone(302), post=everyone(405)),
    "jobs:job": Row(get=only(200, RIDER), post=members(405), args=of_job),
    "jobs:cancel": Row(get=members(405), post=only(302, RIDER), args=of_job),
    "jobs:file": Row(get=only(410, RIDER), post=members(405), args=of_job),
    "accounts:user_list": Row(get=members(200), post=members(405)),
    "accounts:user_detail": Row(get=members(200), post=members(405), args=lambda world: [world.rider.username]),
    "documents:accept_terms": Row(get=members(200), post=members(409)),
    "documents:terms": Row(get=everyone(200), post=everyone(405)),
    "documents:privacy": Row(get=everyone(200), post=everyone(405)),
    "documents:help": Row(get=everyone(200), post=everyone(405)),
    "documents:terms_version": Row(get=everyone(200), post=everyone(405), args=lambda world: [1]),
    "documents:privacy_version": Row(get=everyone(200), post=everyone(405), args=lambda world: [1]),
    "documents:help_version": Row(get=everyone(404), post=everyone(405), args=lambda world: [99]),
    "fleet:vehicle_list": Row(get=members(200), post=members(405)),
    "fleet:vehicle_map": Row(get=members(200), post=members(405)),
    "fleet:place_search": Row(get=members(200), post=members(405)),
    "fleet:vehicle_sheet": Row(get=members(302), post=members(405), args=of_vehicle),
    "fleet:vehicle_add": Row(**FORM),
    "fleet:vehicle_detail": Row(get=members(200), post=members(405), args=of_vehicle),
    "fleet:vehicle_remove": Row(
        get=only(200, OWNER, OPERATIONS, SUPERUSER), post=only(302, OWNER, OPERATIONS, SUPERUSER), args=of_vehicle
    ),
    "fleet:vehicle_label_print": Row(get=only(200, OWNER, *STAFF), post=members(405), args=of_vehicle),
    "fleet:vehicle_code": Row(get=everyone(200), post=everyone(405)),
    "fleet:vehicle_label": Row(get=everyone(200), post=everyone(405), args=lambda world: [world.vehicle.code]),
    "fleet:vehicle_reserve": Row(get=members(405), post=members(302), args=of_vehicle),
    "fleet:vehicle_book": Row(**FORM, args=of_vehicle),
    "fleet:vehicle_calendar": Row(get=members(200), post=members(405), args=of_vehicle),
    "operations:vehicle_report": Row(**FORM, args=of_vehicle),
    "fleet:vehicle_pause": Row(get=members(405), post=only(302, OWNER), args=of_vehicle),
    "fleet:vehicle_resume": Row(get=members(405), post=only(302, OWNER), args=of_vehicle),
    "operations:field_work": Row(
        get=only(200, OPERATIONS, SUPERUSER), post=only(302, OPERATIONS, SUPERUSER), args=of_vehicle
    ),
    "fleet:booking_list": Row(get=members(200), post=members(405)),
    "fleet:booking_detail": Row(get=only(200, RIDER), post=members(405), args=of_booking),
    "fleet:booking_cancel": Row(get=members(405), post=only(302, RIDER), args=of_booking),
    "admin:fleet_allocation_calendar": Row(
        get=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 200),
        post=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 405),
    ),
    "admin:accounts_user_overview": Row(
        get=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 200),
        post=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 405),
        args=lambda world: [world.rider.pk],
    ),
    "photos:photo": Row(get=only(200, RIDER, *STAFF), post=members(405), args=lambda world: ["paris", world.photo.id]),
    "gbfs:manifest": Row(get=everyone(200), post=everyone(405)),
    "gbfs:file": Row(get=everyone(200), post=everyone(405), args=lambda world: ["paris", "vehicle_status"]),
    "gbfs:rental": Row(get=everyone(302, nobody=200), post=everyone(405), args=of_vehicle),
    "community:home": Row(**FORM),
    "community:export": Row(get=members(405), post=members(302)),
    "community:explore": Row(get=members(200), post=members(405)),
    "community:post_detail": Row(get=members(200), post=members(405), args=of_post),
    "community:post_delete": Row(get=only(200, RIDER), post=only(302, RIDER), args=of_post),
    "community:report_post": Row(**FORM, args=of_post),
    "community:decision": Row(
        get=only(200, RIDER), post=only(200, RIDER), args=lambda world: ["paris", world.decision.id]
    ),
    "community:blocked": Row(get=members(200), post=members(405)),
    "community:card": Row(get=members(302), post=members(405), args=of_member),
    "community:follow": Row(get=members(405), post=members(302), args=of_member),
    "community:unfollow": Row(get=members(405), post=members(302), args=of_member),
    "community:followers": Row(get=members(200), post=members(405), args=of_member),
    "community:following": Row(get=members(200), post=members(405), args=of_member),
    "community:block": Row(get=members(405), post=members(302), args=of_member),
    "community:unblock": Row(get=members(405), post=members(302), args=of_member),
    "community:report_person": Row(**FORM, args=of_member),
    "community:conversation_list": Row(get=members(200), post=members(405)),
    "community:conversation": Row(**FORM, args=of_member),
    "community:conversation_read": Row(get=members(405), post=members(302), args=of_member),
    "community:report_message": Row(
        get=only(200, RIDER), post=only(200, RIDER), args=lambda world: ["paris", world.message.id]
    ),
    "community:search": Row(get=members(302), post=members(405)),
    "community:translate": Row(get=members(405), post=members(404)),
    "admin:fleet_vehicle_import": Row(
        get=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 403) | {OPERATIONS: 200, SUPERUSER: 200},
        post=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 403) | {OPERATIONS: 200, SUPERUSER: 200},
    ),
    **{
        f"admin:{model}_export": Row(
            get=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 200),
            post=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 302),
        )
        for model in ("accounts_user", "fleet_vehicle", "fleet_allocation", "fleet_vehicleevent", "rides_ride")
    },
    "rides:ride_list": Row(get=members(200), post=members(405)),
    "rides:ride_start": Row(get=members(405), post=members(302), args=of_vehicle),
    "rides:ride_detail": Row(get=only(200, RIDER), post=members(405), args=of_ride),
    "rides:ride_unlock": Row(get=members(405), post=members(404), args=of_ride),  # a code lock can't be opened remotely
    "rides:place_words": Row(get=members(200), post=members(405), args=lambda world: ["paris"]),
    "rides:ride_pause": Row(get=members(405), post=only(302, RIDER), args=of_ride),
    "rides:ride_resume": Row(get=members(405), post=only(302, RIDER), args=of_ride),
    "rides:ride_end": Row(
        get=only(302, RIDER),
        post=only(302, RIDER),
        args=of_ride,
        data=lambda world: {"end_location": "Louvre"},
    ),
}

# The admin: what each role may do with each model. Others are asked to log in as staff.
VIEW, ADD, CHANGE = {"view"}, {"view", "add"}, {"view", "change"}
ADMIN_TABLE = {
    "cities_city": {OPERATIONS: VIEW, READ_ONLY: VIEW, SUPERUSER: {"view", "add", "change", "delete"}},
    "cities_region": {SUPERUSER: {"view", "add", "change", "delete"}},
    "cities_place": {
        OPERATIONS: {"view", "add", "change", "delete"},
        SUPPORT: VIEW,
        READ_ONLY: VIEW,
        SUPERUSER: {"view", "add", "change", "delete"},
    },
    "auth_group": {SUPERUSER: {"view", "add", "change", "delete"}},
    "accounts_user": {OPERATIONS: VIEW, SUPPORT: CHANGE, READ_ONLY: VIEW, SUPERUSER: {"view", "add", "change"}},
    "accounts_apitoken": {SUPERUSER: VIEW},
    "accounts_apiclient": {SUPERUSER: {"view", "add", "change"}},
    "community_post": {SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "community_report": {SUPPORT: VIEW, SUPERUSER: VIEW},
    "community_decision": {SUPPORT: VIEW, SUPERUSER: VIEW},
    "documents_document": {READ_ONLY: VIEW, SUPERUSER: ADD},
    "documents_termsacceptance": {SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "fleet_vehicle": {
        OPERATIONS: {"view", "add", "change"},
        SUPPORT: VIEW,
        READ_ONLY: VIEW,
        SUPERUSER: {"view", "add", "change", "delete"},
    },
    "fleet_allocation": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "fleet_vehicleevent": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "feeds_system": {OPERATIONS: VIEW, READ_ONLY: VIEW, SUPERUSER: {"view", "add", "change", "delete"}},
    "feeds_alert": {
        OPERATIONS: {"view", "add", "change"},
        READ_ONLY: VIEW,
        SUPERUSER: {"view", "add", "change", "delete"},
    },
    "jobs_job": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "jobs_schedule": {OPERATIONS: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "jobs_worker": {OPERATIONS: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "operations_problemreport": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "rides_ride": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
}
# page -> (the permission for GET, the permission for POST)
ADMIN_PAGES = {
    "changelist": ("view", "view"),
    "history": ("view", None),
    "change": ("view", "change"),
    "add": ("add", "add"),
    "delete": ("delete", "delete"),
}
ADMIN_OF_DJANGO = {
    "admin:index",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:autocomplete",
    "admin:jsi18n",
    "admin:view_on_site",
    "admin:app_list",
    "admin:auth_user_password_change",
}

# The filters of the admin's lists.
ADMIN_LISTS = {
    "/admin/cities/city/": ["region__exact", "name__gt", "radius_km__gt"],
    "/admin/cities/region/": ["name__startswith"],
    "/admin/cities/place/": ["city", "latitude__gt"],
    "/admin/auth/group/": ["id__exact", "name__in"],
    "/admin/accounts/user/": ["date_joined__year", "date_joined__day", "is_staff__exact", "suspended"],
    "/admin/accounts/apitoken/": ["created_at__year", "created_at__day"],
    "/admin/accounts/apiclient/": ["is_active__exact"],
    "/admin/community/post/": ["created_at__year", "hidden", "language__exact"],
    "/admin/community/report/": ["created_at__year", "open", "reason__exact", "subject__exact"],
    "/admin/community/decision/": ["created_at__year", "objection", "measure__exact", "ground__exact"],
    "/admin/documents/document/": ["published_at__year", "kind__exact", "must_accept__exact"],
    "/admin/documents/termsacceptance/": ["accepted_at__year", "accepted_at__month", "version__exact", "version__in"],
    "/admin/fleet/vehicle/": ["date_added__year", "status__exact", "approved", "whose", "state", "work"],
    "/admin/fleet/allocation/": ["starts_at__year", "starts_at__day", "when", "kind__exact"],
    "/admin/fleet/vehicleevent/": ["occurred_at__year", "occurred_at__gte", "event", "state__exact"],
    "/admin/operations/problemreport/": [
        "created_at__year",
        "open",
        "kind__exact",
        "took_off__exact",
        "is_trusted__exact",
    ],
    "/admin/feeds/system/": ["languages__exact", "operator__startswith"],
    "/admin/feeds/alert/": ["starts_at__year", "starts_at__day", "city", "type__exact"],
    "/admin/jobs/job/": ["status__exact", "city", "queue__exact"],
    "/admin/jobs/schedule/": ["task__exact"],
    "/admin/jobs/worker/": ["city"],
    "/admin/rides/ride/": ["start_time__year", "start_time__gte", "open", "attention"],
}
