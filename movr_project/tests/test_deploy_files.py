"""What can be checked of deploy/ without Docker, Kubernetes and Prometheus."""

import json
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from movr_project.web.probes import PROBES

from .servers import ROOT, procfile

pytestmark = pytest.mark.any_engine

DOCKER, KUBERNETES, MONITORING = (ROOT / "deploy" / name for name in ("docker", "kubernetes", "monitoring"))
KUBERNETES_VERSION = "1.32"
CORE = [*sorted((KUBERNETES / "base").glob("[!k]*.yaml")), KUBERNETES / "migrate" / "job.yaml"]
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
DOCKERFILE = (DOCKER / "Dockerfile").read_text()


def resources():
    return [resource for path in CORE for resource in yaml.safe_load_all(path.read_text())]


PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    for one in resources()
    if one["kind"] in ("Deployment", "Job")
}


class TestDocker:
    def test_gunicorn_is_process_one_and_not_root(self):
        assert re.search(r"^USER [1-9]\d+$", DOCKERFILE, re.MULTILINE)
        *_lines, last = DOCKERFILE.rstrip().splitlines()
        assert " ".join(json.loads(last.removeprefix("CMD "))) == procfile()["web"]
        assert (DOCKER / "start").read_text().rstrip().endswith('exec "$@"')

    def test_no_secret_is_in_the_image(self):
        assert not re.search(r"SECRET_KEY|DATABASE_URL|PASSWORD", DOCKERFILE)
        assert {".env", ".git", "deploy/docker/movr.env"} <= set(
            (DOCKER / "Dockerfile.dockerignore").read_text().split()
        )

    def test_only_nginx_can_be_reached(self):
        assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["nginx"]
        assert COMPOSE["networks"]["inside"]["internal"] is True

    def test_web_servers_and_workers_start_after_the_migrations(self):
        for name in ("web", "worker"):
            service = COMPOSE["services"][name]
            assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
            assert service["read_only"] is True
        assert " ".join(COMPOSE["services"]["worker"]["command"]) == procfile()["worker"]

    def test_a_file_system_that_can_not_be_written_is_enough(self):
        assert COMPOSE["services"]["web"]["tmpfs"] == ["/tmp"]  # noqa: S108
        assert (DOCKER / "healthy").stat().st_mode & 0o111

    def test_photos_outlast_a_container(self):
        for name in ("web", "worker"):
            place = COMPOSE["services"][name]["environment"]["PHOTO_STORAGE"]
            assert f"photos:{place}" in COMPOSE["services"][name]["volumes"]
            assert f"install -d -o movr {place}\n" in DOCKERFILE


class TestKubernetes:
    @pytest.mark.parametrize("resource", resources(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
    def test_a_manifest_is_valid(self, resource):
        kubernetes_validate.validate(resource, KUBERNETES_VERSION, strict=True)

    def test_a_mistake_would_be_found(self):
        wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "dta": {}}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, KUBERNETES_VERSION, strict=True)

    @pytest.mark.parametrize("name", PODS)
    def test_a_pod_is_confined(self, name):
        pod = PODS[name]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            context = container["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert container["resources"]["limits"]["memory"]
            assert {"secretRef": {"name": "movr"}} in container["envFrom"]

    def test_probes_ask_what_movr_answers(self):
        (container,) = PODS["web"]["containers"]
        paths = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness", "startup")}
        assert paths == {"/livez", "/readyz"}
        assert paths <= PROBES.keys()

    @pytest.mark.parametrize("region", ["us-east1", "us-west1", "europe-west1"])
    def test_a_regions_workers_serve_its_cities(self, region):
        kubectl = shutil.which("kubectl") or pytest.skip("kubectl is not installed")
        rendered = subprocess.check_output([kubectl, "kustomize", KUBERNETES / "overlays" / region], text=True)
        (worker,) = (one for one in yaml.safe_load_all(rendered) if one["metadata"]["name"] == "worker")
        (container,) = worker["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["python", "manage.py", "work", f"--region=gcp-{region}"]


class TestMonitoring:
    RULES = (MONITORING / "alerts.yml").read_text()
    DASHBOARD = (MONITORING / "dashboard.json").read_text()

    @pytest.mark.parametrize("text", [RULES, DASHBOARD], ids=["alerts", "dashboard"])
    def test_every_metric_exists(self, text):
        sources = "".join(path.read_text() for path in ROOT.glob("*/metrics.py"))
        for name in set(re.findall(r"\bmovr_\w+", text)):
            assert f'"{re.sub(r"_(total|bucket|count|sum)$", "", name)}"' in sources, name

    def test_the_runbook_explains_every_alert(self):
        alerts = {rule["alert"] for group in yaml.safe_load(self.RULES)["groups"] for rule in group["rules"]}
        runbook = (ROOT / "docs" / "operations.md").read_text()
        assert {alert for alert in alerts if f"| {alert} |" not in runbook} == set()

    def test_prometheus_accepts_the_rules(self):
        promtool = shutil.which("promtool") or pytest.skip("promtool is not installed")
        result = subprocess.run([promtool, "check", "rules", MONITORING / "alerts.yml"], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
