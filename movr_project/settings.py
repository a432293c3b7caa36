"""MovR's settings, read from the environment and from ``.env`` if it exists.

``.env.example`` explains every variable.
"""

import sys
from datetime import timedelta
from email.utils import getaddresses
from pathlib import Path

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from .db.engines import database_settings
from .storage import file_storage
from .web.tiles import tile_source

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def flag(name: str, *, default: bool) -> bool:
    """Return a boolean from the environment. Anything but a yes or no stops the start-up."""
    value = env.str(name, default=str(default)).strip().lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off", ""}:
        raise ImproperlyConfigured(f"{name}={value!r}: write on or off.")
    return value in {"1", "true", "yes", "on"}


def web_address(name: str) -> str:
    """Return an http(s) URL from the environment, or "". Anything else stops the start-up."""
    value = env.str(name, default="").strip()
    if value and not value.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"{name}={value!r}: write https://…, or nothing.")
    return value


DEBUG = flag("DEBUG", default=False)

# collectstatic needs none of these. Running without them would lose or leak data: a default SQLite file on a
# host with an ephemeral disk would be gone at the next deployment.
COLLECTING_STATIC = sys.argv[1:2] == ["collectstatic"]
MISSING = [name for name in ("SECRET_KEY", "DATABASE_URL", "SITE_URL") if not env.str(name, default="")]
if MISSING and not DEBUG and not COLLECTING_STATIC:
    raise ImproperlyConfigured(f"With DEBUG off, set {', '.join(MISSING)} in the environment (see .env.example).")

SECRET_KEY = env.str("SECRET_KEY", default="") or "only-for-development-and-collectstatic"

# Earlier keys. Signatures made with them stay valid until everyone has a newer cookie.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# The public URL of the site, used for links in e-mails, allowed hosts and trusted origins.
SITE_URL = (env.str("SITE_URL", default="") or "http://localhost:8000").rstrip("/")
SITE_HOST = environ.urlparse(SITE_URL).hostname or ""
# A development machine has several names for itself, all of them local.
LOOPBACK_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]", "0.0.0.0"] if DEBUG else []  # noqa: S104
ALLOWED_HOSTS = list(dict.fromkeys([*env.list("ALLOWED_HOSTS", default=[SITE_HOST]), *LOOPBACK_HOSTS]))
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

INSTALLED_APPS = [
    "movr_project.apps.MovrConfig",
    "movr_project.apps.MovrAdminConfig",
    # In import order: an app may import only the apps above it.
    "throttling",
    "cities",
    "accounts",
    "notifications",
    "documents",
    "photos",
    "jobs",
    "fleet",
    "rides",
    "operations",
    "community",
    "feeds",
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
    "corsheaders",
    "django_tasks",
]

MIDDLEWARE = [
    "movr_project.web.middleware.RequestLogMiddleware",
    "movr_project.web.limits.DiscardBodyMiddleware",
    "movr_project.web.probes.ProbesMiddleware",
    "movr_project.web.middleware.TracingMiddleware",
    "movr_project.web.middleware.PageHeadersMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # before what may answer: errors need its headers too
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "feeds.gbfs.middleware.FeedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "movr_project.web.compression.PageGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "movr_project.web.limits.MeasureMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.second_factor_middleware.SecondFactorMiddleware",
    "accounts.language_middleware.LanguageMiddleware",
    "movr_project.web.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "documents.middleware.TermsMiddleware",
    "cities.middleware.CurrentCityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "movr_project.web.middleware.MethodNotAllowedPageMiddleware",
    "movr_project.web.retry_view.DatabaseFaultMiddleware",
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
        isolation=env.str("DATABASE_ISOLATION", default=""),
        send_isolation=flag("DATABASE_SEND_ISOLATION", default=True),
    )
# How long a container waits for the database before it starts.
DATABASE_WAIT_SECONDS = env.float("DATABASE_WAIT_SECONDS", default=60.0)
DISABLE_COCKROACHDB_TELEMETRY = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Read the open feeds from the nearest replica of a CockroachDB cluster, a few seconds old.
FOLLOWER_READS = flag("FOLLOWER_READS", default=True)

TRANSACTION_ATTEMPTS = env.int("TRANSACTION_ATTEMPTS", default=10)
TRANSACTION_DEADLINE_SECONDS = env.float("TRANSACTION_DEADLINE_SECONDS", default=10.0)
TRANSACTION_BACKOFF_SECONDS = env.float("TRANSACTION_BACKOFF_SECONDS", default=0.02)
TRANSACTION_MAX_BACKOFF_SECONDS = env.float("TRANSACTION_MAX_BACKOFF_SECONDS", default=1.0)

# A cache that all processes share, such as redis://host:6379/0. Only the open feeds use it.
CACHE_URL = env.str("CACHE_URL", default="")
MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    "default": env.cache_url_config(CACHE_URL) if CACHE_URL else MEMORY,
    "memory": MEMORY | {"LOCATION": "memory"},  # of this process: what is cheaper to count again than to share
}

# --- MovR ---------------------------------------------------------------------------------------

# The city of visitors whose location is unknown.
DEFAULT_CITY = env.str("DEFAULT_CITY", default="new york")
# Trust X-City and X-PLACE. Only if the proxy in front sets or removes them on every request.
TRUST_GEO_HEADERS = flag("TRUST_GEO_HEADERS", default=False)
# Riders see an owner's new vehicle only after staff have approved it.
VEHICLES_NEED_APPROVAL = flag("VEHICLES_NEED_APPROVAL", default=False)
# How many rides a person may have in progress at the same time.
MAX_OPEN_RIDES = env.int("MAX_OPEN_RIDES", default=1)
# How long a rider may park the vehicle during a ride, in total. 0: not at all.
RIDE_PAUSE_MINUTES = env.int("RIDE_PAUSE_MINUTES", default=30)
RIDE_PAUSE_REMINDER_MINUTES = env.int("RIDE_PAUSE_REMINDER_MINUTES", default=5)  # 0: never
# Rides a person may start per hour. Each start shows an unlock code.
RIDE_STARTS_PER_HOUR = env.int("RIDE_STARTS_PER_HOUR", default=12)
# Shorter rides are listed for staff: someone may only have wanted the unlock code.
SHORT_RIDE_MINUTES = env.int("SHORT_RIDE_MINUTES", default=2)
# Longer rides are listed for staff, and their riders notified.
RIDE_WARNING_HOURS = env.int("RIDE_WARNING_HOURS", default=12)
# Vehicles a person may add per hour.
VEHICLES_ADDED_PER_HOUR = env.int("VEHICLES_ADDED_PER_HOUR", default=10)
# The server's key for Web Push, made by `manage.py make_vapid_key`. Without one, there is none.
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", default="").strip()
# How long read notifications are kept.
NOTIFICATION_RETENTION_DAYS = env.int("NOTIFICATION_RETENTION_DAYS", default=90)
# Riders can only end a ride with a photo of the parked vehicle. Otherwise it is optional.
PARKING_PHOTO_REQUIRED = flag("PARKING_PHOTO_REQUIRED", default=False)
# How many photos a person may send per hour.
PHOTOS_PER_HOUR = env.int("PHOTOS_PER_HOUR", default=30)
# How long photos of parked vehicles and of problems are kept.
PHOTO_RETENTION_DAYS = env.int("PHOTO_RETENTION_DAYS", default=30)
# Shows a map on the vehicle's page. The key is public in the HTML, so restrict it to this site.
GOOGLE_MAPS_EMBED_KEY = env.str("GOOGLE_MAPS_EMBED_KEY", default="")
# Where browsers load map tiles from, and the attribution shown on maps. No maps without a URL.
MAP_TILE_URL = env.str("MAP_TILE_URL", default="https://tile.openstreetmap.org/{z}/{x}/{y}.png").strip()
# Searches addresses: a URL like Nominatim's /search, asked by the server. Without it, people search for known places.
GEOCODER_URL = web_address("GEOCODER_URL")
GEOCODER_TIMEOUT_SECONDS = env.float("GEOCODER_TIMEOUT_SECONDS", default=3.0)
GEOCODER_REQUESTS_PER_MINUTE = env.int("GEOCODER_REQUESTS_PER_MINUTE", default=60)  # by all processes together
ADDRESS_SEARCHES_PER_HOUR = env.int("ADDRESS_SEARCHES_PER_HOUR", default=60)  # per person
# Ask riders to confirm before starting a vehicle farther away from their phone than this, in meters.
FAR_START_M = env.int("FAR_START_M", default=300)
MAP_ATTRIBUTION = env.str(
    "MAP_ATTRIBUTION", default='© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a>'
)

# --- People and sessions ------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first, so that it blocks those who failed too often
    "accounts.backends.UsernameOrEmailBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "fleet:vehicle_list"
LOGOUT_REDIRECT_URL = "accounts:login"

# No look-up and no region needed. See docs/decisions/0003-signed-cookie-sessions.md.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
# For browser apps on other hosts of the same domain, as in .movr.example. Empty: cookies stay on this host.
SESSION_COOKIE_DOMAIN = env.str("SESSION_COOKIE_DOMAIN", default="") or None
CSRF_COOKIE_DOMAIN = SESSION_COOKIE_DOMAIN
# Lax, Strict, or None for browser apps on other domains.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = env.str("SESSION_COOKIE_SAMESITE", default="Lax").capitalize()
MESSAGE_STORAGE = "movr_project.web.messages.CappedStorage"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60

# Require a confirmed e-mail address for riding.
EMAIL_VERIFICATION = flag("EMAIL_VERIFICATION", default=False)
# Require a second factor (a one-time password) of staff before the admin opens.
STAFF_SECOND_FACTOR = flag("STAFF_SECOND_FACTOR", default=not DEBUG)
SECOND_FACTOR_HOURS = env.int("SECOND_FACTOR_HOURS", default=12)  # how long it stays valid
# Encrypts the secrets of second factors. Derived from SECRET_KEY if empty.
SECOND_FACTOR_KEY = env.str("SECOND_FACTOR_KEY", default="")
OTP_TOTP_ISSUER = "MovR"  # the name shown in authenticator apps
PASSWORD_RESET_TIMEOUT = 10 * 60  # seconds
LOG_IN_LINK_TIMEOUT = 10 * 60  # seconds
EMAIL_CONFIRMATION_TIMEOUT = 3 * 24 * 60 * 60  # seconds

# --- Reservations and bookings ------------------------------------------------------------------

RESERVATION_MINUTES = env.int("RESERVATION_MINUTES", default=10)
RESERVATION_COOLDOWN_MINUTES = env.int("RESERVATION_COOLDOWN_MINUTES", default=15)  # for the same vehicle
BOOKING_DAYS_AHEAD = env.int("BOOKING_DAYS_AHEAD", default=30)
BOOKING_MIN_MINUTES = env.int("BOOKING_MIN_MINUTES", default=15)
BOOKING_MAX_HOURS = env.int("BOOKING_MAX_HOURS", default=72)
MAX_BOOKINGS = env.int("MAX_BOOKINGS", default=10)  # per person, in all cities
MAX_BOOKED_HOURS = env.int("MAX_BOOKED_HOURS", default=168)  # likewise
# Before another person's booking: rides can't start within the buffer, and riders see the time left.
BOOKING_BUFFER_MINUTES = env.int("BOOKING_BUFFER_MINUTES", default=15)
BOOKING_WARNING_MINUTES = env.int("BOOKING_WARNING_MINUTES", default=120)
# Before a booking begins and before a reservation ends, its rider is reminded. 0: never.
BOOKING_REMINDER_MINUTES = env.int("BOOKING_REMINDER_MINUTES", default=30)
RESERVATION_REMINDER_MINUTES = env.int("RESERVATION_REMINDER_MINUTES", default=3)
# A booking is released if its rider has not started a ride that long after its start. 0: never.
BOOKING_NO_SHOW_MINUTES = env.int("BOOKING_NO_SHOW_MINUTES", default=30)
REPORTS_TAKE_OFF = env.int("REPORTS_TAKE_OFF", default=3)  # people with open reports about a vehicle
REPORTS_PER_HOUR = env.int("REPORTS_PER_HOUR", default=10)  # per person
REPORT_OFF_HOURS = env.int("REPORT_OFF_HOURS", default=12)  # how long reports put a vehicle out of service
REPORT_TRUST_HOURS = env.int("REPORT_TRUST_HOURS", default=24)  # after a ride, its rider's reports are trusted
VEHICLE_EVENT_RETENTION_DAYS = env.int("VEHICLE_EVENT_RETENTION_DAYS", default=730)

# --- Community ----------------------------------------------------------------------------------

# Posts, followers, messages and their moderation. Off: no page, menu entry, endpoint or admin list of it.
COMMUNITY = flag("COMMUNITY", default=True)
# Per person and hour; the second ones for accounts of less than a day.
COMMUNITY_LIMITS = {"post": 30, "message": 60, "follow": 100, "community-report": 20, "translate": 60}
COMMUNITY_NEW_LIMITS = {"post": 5, "message": 5, "follow": 20, "community-report": 5, "translate": 20}
# A folder with files such as en.txt, of words that texts in that language may not contain. Empty: any word.
COMMUNITY_WORD_LISTS = env.str("COMMUNITY_WORD_LISTS", default="")
# A service with LibreTranslate's interface, as in https://translate.example/translate. Empty: no translations.
TRANSLATE_URL = env.str("TRANSLATE_URL", default="")
TRANSLATE_KEY = env.str("TRANSLATE_KEY", default="")

# How riders unlock a vehicle: see rides/locks.py.
LOCK_BACKEND = env.str("LOCK_BACKEND", default="rides.locks.CodeLock")

# --- Throttling ---------------------------------------------------------------------------------

# The number of our own proxies in front: that many entries of X-Forwarded-For, from the right, are trusted.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# Per address, and e-mails of one kind per person.
REGISTRATIONS_PER_HOUR = env.int("REGISTRATIONS_PER_HOUR", default=30)
MAILS_PER_HOUR = env.int("MAILS_PER_HOUR", default=5)
WRONG_CODES_PER_HOUR = env.int("WRONG_CODES_PER_HOUR", default=60)  # on labels, per address
LOGINS_PER_HOUR = env.int("LOGINS_PER_HOUR", default=100)  # failed ones, per address
AXES_CLIENT_IP_CALLABLE = "movr_project.web.clients.client_address"
AXES_USERNAME_CALLABLE = "accounts.lock_out.login_name"
AXES_LOCKOUT_CALLABLE = "accounts.lock_out.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_COOLOFF_MINUTES", default=15))
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # log-ins are private
AXES_VERBOSE = False

# --- API ------------------------------------------------------------------------------------------

# Per person or client. Reads are counted per process, writes exactly.
API_READS_PER_MINUTE = env.int("API_READS_PER_MINUTE", default=600)
API_WRITES_PER_MINUTE = env.int("API_WRITES_PER_MINUTE", default=60)
# Browser apps on these origins may use the API with the cookies of people who are logged in.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-second-factor",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]

# --- Security -----------------------------------------------------------------------------------

if not DEBUG:
    # Anyone can send this header; trust it only if our own proxy replaces it.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD = flag("SECURE_HSTS_PRELOAD", default=False)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Browsers accept cookies with the first prefix from this host only, not from a sibling subdomain.
    COOKIE_PREFIX = "__Secure-" if SESSION_COOKIE_DOMAIN else "__Host-"
    SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
    CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
    # Subdomains may belong to others or not support HTTPS: both settings are the operator's decision.
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
        ],  # Bootstrap uses data: URLs
        "frame-src": ["https://www.google.com"] if GOOGLE_MAPS_EMBED_KEY else [NONE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
# The contact in /.well-known/security.txt: a mailto: or https:// URL.
SECURITY_CONTACT = env.str("SECURITY_CONTACT", default="")

# The largest forms are an admin action with 500 selected rows and a document in Markdown. Files are counted
# separately: views declare them (movr_project/web/uploads.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024  # bytes of a request's body
DATA_UPLOAD_MAX_NUMBER_FIELDS = 600
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = [
    "movr_project.web.uploads.DeclaredUploadHandler",  # first, so that the others see only what it accepts
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Pages --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
# Each in its own language. See docs/languages.md.
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["movr_project.formats"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = not DEBUG
TIME_ZONE = "UTC"  # for storage; pages show the time of the ride's city
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # A folder that no web server serves, or s3://bucket/prefix.
    "photos": file_storage(env.str("PHOTO_STORAGE", default="") or str(BASE_DIR / "media" / "photos")),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "movr_project.web.static_storage.StaticFilesStorage"
    },
}

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Mail -----------------------------------------------------------------------------------------

# Without a mail server, e-mails are printed to the console in development. Elsewhere they are discarded, which
# a system check reports: links in a log would let its readers log in.
NO_MAIL_SERVER = "consolemail://" if DEBUG else "dummymail://"
vars().update(env.email_url_config(env.str("EMAIL_URL", default="") or NO_MAIL_SERVER))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
EMAIL_SUBJECT_PREFIX = "[MovR] "
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or f"MovR <no-reply@{SITE_HOST}>"
SERVER_EMAIL = env.str("SERVER_EMAIL", default="") or DEFAULT_FROM_EMAIL
# Who gets an e-mail about each kind of error, at a limited rate.
ADMINS = [pair for pair in getaddresses([env.str("ADMINS", default="")]) if pair[1]]
MAIL_IN_BACKGROUND = not DEBUG  # without a worker, like Web Push

# --- Backups --------------------------------------------------------------------------------------

BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
# A file with a public key of GnuPG, which encrypts backups.
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", default="")
# Accounts removed after a backup are removed again after it is restored.
REMOVED_ACCOUNTS_FILE = env.str("REMOVED_ACCOUNTS_FILE", default="")

# --- Metrics --------------------------------------------------------------------------------------

# Prometheus sends it as a bearer token. Without it, there is no /metrics.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where a worker serves what it has counted, without a token. 0: nowhere.
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", default=0)

# --- Traces ---------------------------------------------------------------------------------------

# Where OpenTelemetry's spans are sent, over HTTP. Without it, nothing is traced. Its other variables apply as well.
OTEL_EXPORTER_OTLP_ENDPOINT = web_address("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SERVICE_NAME = env.str("OTEL_SERVICE_NAME", default="movr")

# --- Jobs ---------------------------------------------------------------------------------------

TASKS = {"default": {"BACKEND": "jobs.backend.DatabaseBackend", "QUEUES": ["default", "mail", "push"]}}
# The jobs of a worker that has not been heard of for so long are run by another one.
JOB_LEASE_SECONDS = env.float("JOB_LEASE_SECONDS", default=30.0)
JOB_THREADS = env.int("JOB_THREADS", default=4)  # jobs that a worker runs at the same time

# --- Logs: to stdout, for the host to collect -----------------------------------------------------

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
        "django": {"level": "INFO"},  # has no handlers of its own
        "django.request": {"level": "ERROR"},  # everything else is in the request's own line
        # No e-mail about clients' mistakes, and junk in the Host header is logged only once.
        "django.security": {"handlers": ["stdout"], "propagate": False},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "movr_project.mail": {"handlers": ["stdout"], "propagate": False},  # no e-mail about a failed e-mail
        "opentelemetry": {"handlers": ["stdout"], "propagate": False},  # nor about traces that were not sent
        "axes": {"level": "CRITICAL"},  # they would log names and addresses
    },
}
