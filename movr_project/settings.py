"""One settings file, read from the environment (and from ``.env`` where there is one).

``.env.example`` explains every variable.
"""

import sys
from datetime import timedelta
from email.utils import getaddresses
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from movr_project.db.engines import database_settings
from movr_project.tiles import tile_source

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def flag(name: str, *, default: bool) -> bool:
    """A switch in the environment. A word that is neither yes nor no stops the start."""
    value = env.str(name, default=str(default)).strip().lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off", ""}:
        raise ImproperlyConfigured(f"{name}={value!r}: write on or off.")
    return value in {"1", "true", "yes", "on"}


DEBUG = flag("DEBUG", default=False)

# Building the static files needs none of these; running without them would lose data or leak it: an
# unnoticed SQLite file on a host with an ephemeral disk is gone at the next deployment.
COLLECTING_STATIC = sys.argv[1:2] == ["collectstatic"]
MISSING = [name for name in ("SECRET_KEY", "DATABASE_URL", "SITE_URL") if not env.str(name, default="")]
if MISSING and not DEBUG and not COLLECTING_STATIC:
    raise ImproperlyConfigured(f"With DEBUG off, set {', '.join(MISSING)} in the environment (see .env.example).")

SECRET_KEY = env.str("SECRET_KEY", default="") or "only-for-development-and-collectstatic"

# Where people reach the site: links in mails, allowed hosts and trusted origins come from it.
SITE_URL = (env.str("SITE_URL", default="") or "http://localhost:8000").rstrip("/")
SITE_HOST = environ.urlparse(SITE_URL).hostname or ""
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[SITE_HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

INSTALLED_APPS = [
    "movr_project.apps.MovrConfig",
    "movr_project.apps.MovrAdminConfig",
    "cities",
    "accounts",
    "fleet",
    "rides",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "crispy_forms",
    "crispy_bootstrap5",
]

MIDDLEWARE = [
    "movr_project.middleware.RequestLogMiddleware",
    "movr_project.middleware.HealthCheckMiddleware",
    "movr_project.middleware.PageHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; static files come compressed already
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.language_middleware.LanguageMiddleware",
    "movr_project.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.terms_middleware.TermsMiddleware",
    "cities.middleware.CurrentCityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "movr_project.middleware.MethodNotAllowedPageMiddleware",
    "movr_project.db.requests.DatabaseFaultMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "movr_project.urls"
WSGI_APPLICATION = "movr_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cities.context_processors.cities",
            ],
        },
    },
]

# --- Database and transactions ------------------------------------------------------------------

DATABASES = {}
DATABASE_URL = env.str("DATABASE_URL", default="") or (f"sqlite:///{BASE_DIR / 'db.sqlite3'}" if DEBUG else "")
if DATABASE_URL:
    DATABASES["default"] = database_settings(
        DATABASE_URL,
        conn_max_age=env.int("CONN_MAX_AGE", default=600),
        send_isolation=flag("DATABASE_SEND_ISOLATION", default=True),
    )
DISABLE_COCKROACHDB_TELEMETRY = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TRANSACTION_ATTEMPTS = env.int("TRANSACTION_ATTEMPTS", default=10)
TRANSACTION_DEADLINE_SECONDS = env.float("TRANSACTION_DEADLINE_SECONDS", default=10.0)
TRANSACTION_BACKOFF_SECONDS = env.float("TRANSACTION_BACKOFF_SECONDS", default=0.02)
TRANSACTION_MAX_BACKOFF_SECONDS = env.float("TRANSACTION_MAX_BACKOFF_SECONDS", default=1.0)

# --- MovR ---------------------------------------------------------------------------------------

# The city of a person of whom nothing is known.
DEFAULT_CITY = env.str("DEFAULT_CITY", default="new york")
# Believe X-City and X-PLACE. Only where the proxy in front sets or removes them on every request.
TRUST_GEO_HEADERS = flag("TRUST_GEO_HEADERS", default=False)
# A vehicle added by its owner waits for staff before riders see it.
VEHICLES_NEED_APPROVAL = flag("VEHICLES_NEED_APPROVAL", default=False)
# How many rides a person may have open at once.
MAX_OPEN_RIDES = env.int("MAX_OPEN_RIDES", default=1)
# How long notices that were read are kept.
NOTICE_RETENTION_DAYS = env.int("NOTICE_RETENTION_DAYS", default=90)
# Shows a map on the vehicle's page; the key is public in the HTML, so restrict it to this site.
GOOGLE_MAPS_EMBED_KEY = env.str("GOOGLE_MAPS_EMBED_KEY", default="")
# Where browsers get the pictures of maps, and what a map says of their origin; none without a URL.
MAP_TILE_URL = env.str("MAP_TILE_URL", default="https://tile.openstreetmap.org/{z}/{x}/{y}.png").strip()
MAP_ATTRIBUTION = env.str(
    "MAP_ATTRIBUTION", default='© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a>'
)

# --- People and sessions ------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it stops those who tried too often
    "accounts.backends.UsernameOrEmailBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "fleet:vehicle_list"
LOGOUT_REDIRECT_URL = "accounts:login"

# Nothing to look up, and no region to be in. See docs/decisions/0003-signed-cookie-sessions.md.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60

# Riding needs an e-mail address that its owner has confirmed.
EMAIL_VERIFICATION = flag("EMAIL_VERIFICATION", default=False)
# Staff prove a second factor (a one-time password) before the administration opens.
STAFF_SECOND_FACTOR = flag("STAFF_SECOND_FACTOR", default=not DEBUG)
OTP_TOTP_ISSUER = "MovR"  # what authenticator apps call it
PASSWORD_RESET_TIMEOUT = 10 * 60  # seconds (row B7)
EMAIL_CONFIRMATION_TIMEOUT = 3 * 24 * 60 * 60  # seconds

# --- Reservations and bookings ------------------------------------------------------------------

RESERVATION_MINUTES = env.int("RESERVATION_MINUTES", default=10)
RESERVATION_COOLDOWN_MINUTES = env.int("RESERVATION_COOLDOWN_MINUTES", default=15)  # before the same one again
BOOKING_DAYS_AHEAD = env.int("BOOKING_DAYS_AHEAD", default=30)
BOOKING_MIN_MINUTES = env.int("BOOKING_MIN_MINUTES", default=15)
BOOKING_MAX_HOURS = env.int("BOOKING_MAX_HOURS", default=72)
MAX_BOOKINGS = env.int("MAX_BOOKINGS", default=10)  # of one person in one city
# Before somebody else's booking: nobody may set out any more; riders are told how long they have.
BOOKING_GUARD_MINUTES = env.int("BOOKING_GUARD_MINUTES", default=15)
BOOKING_WARNING_MINUTES = env.int("BOOKING_WARNING_MINUTES", default=120)
REPORTS_TAKE_OFF = env.int("REPORTS_TAKE_OFF", default=3)  # people with open reports of a vehicle
REPORTS_PER_HOUR = env.int("REPORTS_PER_HOUR", default=10)  # of one person
VEHICLE_EVENT_RETENTION_DAYS = env.int("VEHICLE_EVENT_RETENTION_DAYS", default=730)

# How riders open a vehicle's lock: see rides/locks.py.
LOCK_BACKEND = env.str("LOCK_BACKEND", default="rides.locks.CodeLock")

# --- Throttling ---------------------------------------------------------------------------------

# How many proxies of ours stand in front: so many entries of X-Forwarded-For, from the right, are true.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# From one address, and of one kind to one person.
REGISTRATIONS_PER_HOUR = env.int("REGISTRATIONS_PER_HOUR", default=30)
MAILS_PER_HOUR = env.int("MAILS_PER_HOUR", default=5)
LOGINS_PER_HOUR = env.int("LOGINS_PER_HOUR", default=100)  # failed ones, from one address
AXES_CLIENT_IP_CALLABLE = "movr_project.clients.client_address"
AXES_USERNAME_CALLABLE = "accounts.throttling.login_name"
AXES_LOCKOUT_CALLABLE = "accounts.throttling.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_COOLOFF_MINUTES", default=15))
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # who logged in when is nobody's business
AXES_VERBOSE = False

# --- Security -----------------------------------------------------------------------------------

if not DEBUG:
    # Anybody can send that header; only where a proxy of ours stands in front does it replace theirs.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD = flag("SECURE_HSTS_PRELOAD", default=False)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Browsers take cookies of such a name from this host alone, not from a neighbouring subdomain.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    # Subdomains may belong to somebody else and may not speak HTTPS: both are the operator's decision.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_FAILURE_VIEW = "movr_project.views.csrf_failure"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [
            SELF,
            "data:",
            *tile_source(MAP_TILE_URL),
        ],  # Bootstrap has data: URLs
        "frame-src": ["https://www.google.com"] if GOOGLE_MAPS_EMBED_KEY else [NONE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"

# --- Pages --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
# By their own names, for those who look for theirs. See docs/languages.md.
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["movr_project.formats"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = not DEBUG
TIME_ZONE = "UTC"  # what is stored; pages show the time of the ride's city
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Mail -----------------------------------------------------------------------------------------

# Without a server mails are shown on a developer's console. Elsewhere they go nowhere, which a check
# says: in a log the links in them would let its readers in.
NO_MAIL_SERVER = "consolemail://" if DEBUG else "dummymail://"
vars().update(env.email_url_config(env.str("EMAIL_URL", default="") or NO_MAIL_SERVER))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
EMAIL_SUBJECT_PREFIX = "[MovR] "
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or f"MovR <no-reply@{SITE_HOST}>"
SERVER_EMAIL = env.str("SERVER_EMAIL", default="") or DEFAULT_FROM_EMAIL
# Who gets a mail about each kind of error, at a limited rate.
ADMINS = [pair for pair in getaddresses([env.str("ADMINS", default="")]) if pair[1]]
MAIL_IN_BACKGROUND = not DEBUG

# --- Logs: to stdout, where the host collects them ------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "context": {"()": "movr_project.logs.RequestContext"},
        "limit": {"()": "movr_project.logs.MailLimit"},
        "debug_off": {"()": "django.utils.log.RequireDebugFalse"},
    },
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name}: {message} [{request_id}]", "style": "{"},
        "json": {"()": "movr_project.logs.JsonFormatter"},
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "filters": ["context"],
            "formatter": "plain" if DEBUG else "json",
        },
        "admins": {
            "class": "django.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "filters": ["debug_off", "limit", "context"],
            "formatter": "plain",
            "reporter_class": "movr_project.logs.ErrorReport",
        },
    },
    "root": {"handlers": ["stdout", "admins"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"level": "INFO"},  # without handlers of its own
        "django.request": {"level": "ERROR"},  # the rest is in the request's own line
        # What a client does wrong is nothing to mail; junk in the Host header not even to log twice.
        "django.security": {"handlers": ["stdout"], "propagate": False},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "movr_project.mail": {"handlers": ["stdout"], "propagate": False},  # a failed mail by no mail
        "axes": {"level": "CRITICAL"},  # names and addresses
    },
}
