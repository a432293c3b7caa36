"""gunicorn, as the Procfile starts it. What differs between hosts comes from the environment."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"

# Threads, as a request mostly waits for the database. Workers times threads is the number of
# database connections that one machine holds open.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# Shorter than the 30 seconds after which Heroku's router gives up on a request and its dyno
# manager kills a process that was asked to stop.
timeout = 29
graceful_timeout = 25

# A leak, if there is one, ends with its worker; the jitter keeps them from all leaving at once.
max_requests = 10_000
max_requests_jitter = 1_000

# A worker's heartbeat is a file. On a slow disk writing it can block a healthy worker for so long
# that it is taken for dead, so it goes to memory where there is some.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# gunicorn itself believes nobody about the scheme of a request: Django does, by TRUSTED_PROXY_COUNT.
forwarded_allow_ips = ""

# MovR logs each request itself. gunicorn's own lines look like its lines, and go where they go.
accesslog = None
logconfig_dict = {
    "filters": {"context": {"()": "movr_project.logs.RequestContext"}},
    "formatters": {"json": {"()": "movr_project.logs.JsonFormatter"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "filters": ["context"],
            "formatter": "json",
        }
    },
    "root": {"handlers": []},
    "loggers": {"gunicorn.error": {"handlers": ["stdout"], "level": "INFO", "propagate": False}},
}

# Its path is one per user, not one per server: two servers on one machine would fight over it.
control_socket_disable = True
