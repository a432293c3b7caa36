"""Configuration of gunicorn, with host-specific values from the environment."""

import gc
import os
import shutil
import tempfile

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"

# Requests mostly wait for the database, so each worker has several threads. Workers times threads is
# the number of database connections per machine.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# Below the 30 seconds after which Heroku's router gives up on a request, and its dyno manager kills a
# process that doesn't stop.
timeout = 29
graceful_timeout = 25

# Restart workers from time to time to limit memory leaks. The jitter keeps them from restarting at once.
max_requests = 10_000
max_requests_jitter = 1_000

# A worker's heartbeat is a file. On a slow disk, writing it can block a healthy worker until it is
# considered dead, so use memory if possible.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# Metrics are counted in files, one for each process, because a request for them reaches a single worker.
_own_folders = []


def on_starting(server):
    if os.environ.get("METRICS_TOKEN") and not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        _own_folders.append(tempfile.mkdtemp(prefix="movr-metrics-", dir=worker_tmp_dir))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = _own_folders[0]


def pre_fork(server, worker):
    """Number the worker like the one that it replaces, so that it counts on in the same file."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in range(len(taken) + 1) if number not in taken)


def post_fork(server, worker):
    os.environ["METRICS_PROCESS"] = f"web{worker.number}"


def post_worker_init(worker):
    """Leave what was imported out of garbage collections: looking at it takes a tenth of a second each time."""
    gc.collect()
    gc.freeze()


def on_exit(server):
    for folder in _own_folders:
        shutil.rmtree(folder, ignore_errors=True)


# gunicorn doesn't trust any header about the scheme. Django decides, with TRUSTED_PROXY_COUNT.
forwarded_allow_ips = ""

# MovR logs each request itself. gunicorn's own messages use the same format and destination.
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

# Its path is the same for all servers of a user, so two servers on one machine would conflict.
control_socket_disable = True
