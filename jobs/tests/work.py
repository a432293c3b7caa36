"""Run jobs in this thread, as a worker would."""

from datetime import timedelta

from cities.registry import registry
from jobs.models import Job
from jobs.models import Worker as WorkerRow
from jobs.running import Run, run_job
from jobs.services import workers
from jobs.services.queue import claim, due_places

LEASE = timedelta(seconds=30)


def new_worker(lease: timedelta = LEASE) -> WorkerRow:
    cities = [city.name for city in registry]
    return workers.register(cities, lease=lease, home=cities[0])


def claim_one(worker: WorkerRow | None = None) -> Job:
    """Claim some job that is due."""
    worker = worker or new_worker()
    for city, queue in due_places(worker.cities):
        if job := claim(city=city, queue=queue, worker_id=worker.id):
            return job
    raise AssertionError("No job is due.")


def run_jobs() -> None:
    """Run the jobs that are due, and those that they add."""
    worker = new_worker()
    while places := due_places(worker.cities):
        for city, queue in places:
            while job := claim(city=city, queue=queue, worker_id=worker.id):
                run_job(Run(job))


def job_of(result) -> Job:
    """Return the job of what ``enqueue()`` has returned, as it is now."""
    return Job.objects.get(pk=result.id)
