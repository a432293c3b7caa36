"""The developer scripts, run in a folder with only what they need."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pip
import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from movr_project.db.engines import database_settings
from script.cockroach_stand_in import stand_in_url

ROOT = Path(settings.BASE_DIR)
TOOLS = ("cat", "cksum", "dirname", "mktemp", "rm", "sh")


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(folder, *command, **variables):
    """Run a script with `folder/bin` as the whole PATH."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": str(folder / "bin"), "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def clone(tmp_path):
    """A clone without requirements, so that nothing is downloaded, on a machine without Python."""
    (tmp_path / "script").mkdir()
    for name in ("bootstrap", "test"):
        shutil.copy(ROOT / "script" / name, tmp_path / "script" / name)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("# nothing\n")
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    return tmp_path


def real_python():
    """Return the Python that the tests' virtual environment is based on."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def add_python(clone, name="python3"):
    """Add a Python whose environments share this one's pip: installing it takes seconds."""
    (clone / "pip").mkdir(exist_ok=True)
    if not (clone / "pip" / "pip").exists():
        (clone / "pip" / "pip").symlink_to(Path(pip.__file__).parent)
    return executable(
        clone / "bin" / name,
        f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec "{real_python()}" "$@"
"{real_python()}" -m venv --without-pip "$3"
echo "{clone}/pip" >"$(echo "$3"/lib/python*/site-packages)/pip.pth"
""",
    )


@pytest.mark.any_engine
class TestBootstrap:
    def test_without_a_suitable_python_it_names_the_versions(self, clone):
        result = run(clone, "script/bootstrap")
        assert result.returncode == 1
        assert "needs Python 3.11, 3.12, 3.13 or 3.14" in result.stderr
        assert not (clone / ".venv").exists()

    def test_it_names_the_missing_package_where_venv_is_incomplete(self, clone):
        executable(clone / "without" / "ensurepip.py", "raise ImportError\n")
        executable(clone / "bin" / "python3", f'#!/bin/sh\nPYTHONPATH={clone}/without exec "{real_python()}" "$@"\n')
        result = run(clone, "script/bootstrap")
        assert result.returncode == 1
        assert f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv" in result.stderr

    def test_it_passes_over_a_shim_that_fails_and_a_python_too_old(self, clone):
        executable(clone / "bin" / "python3.14", '#!/bin/sh\necho "not installed" >&2\nexit 127\n')
        executable(clone / "bin" / "python3.13", "#!/bin/sh\nexit 1\n")
        suitable = add_python(clone)
        result = run(clone, "script/bootstrap")
        assert result.returncode == 0, result.stderr
        assert f"Making .venv with {suitable}" in result.stderr

    def test_it_finds_a_python_behind_a_shim_of_the_same_name(self, clone):
        executable(clone / "shims" / "python3", "#!/bin/sh\nexit 127\n")
        suitable = add_python(clone)
        result = run(clone, "sh", "-c", 'PATH="$PWD/shims:$PATH" script/bootstrap')
        assert result.returncode == 0, result.stderr
        assert f"Making .venv with {suitable}" in result.stderr

    def test_a_python_may_be_chosen(self, clone):
        add_python(clone)
        chosen = add_python(clone, "mine")
        result = run(clone, "script/bootstrap", PYTHON="mine")
        assert f"Making .venv with {chosen}" in result.stderr

    def test_it_installs_once_and_again_when_a_file_has_changed(self, clone):
        add_python(clone)
        assert "Installing requirements-dev.txt" in run(clone, "script/bootstrap").stderr
        assert run(clone, "script/bootstrap").stderr == ""
        (clone / "requirements.txt").write_text("# something else\n")
        assert "Installing requirements-dev.txt" in run(clone, "script/bootstrap").stderr

    def test_serving_does_not_install_what_only_tests_need(self, clone):
        add_python(clone)
        assert "Installing requirements.txt" in run(clone, "script/bootstrap", "--runtime").stderr
        (clone / "requirements-dev.txt").write_text("# more\n")
        assert run(clone, "script/bootstrap", "--runtime").stderr == ""
        assert "Installing requirements-dev.txt" in run(clone, "script/bootstrap").stderr
        assert run(clone, "script/bootstrap", "--runtime").stderr == ""

    def test_a_failed_installation_is_tried_again(self, clone):
        add_python(clone)
        (clone / "requirements.txt").write_text("./nowhere\n")
        assert run(clone, "script/bootstrap", "--runtime").returncode != 0
        assert "Installing requirements.txt" in run(clone, "script/bootstrap", "--runtime").stderr

    def test_an_environment_without_its_python_is_recreated(self, clone):
        add_python(clone)
        run(clone, "script/bootstrap")
        python = clone / ".venv" / "bin" / "python"
        python.unlink()
        python.symlink_to(clone / "gone")
        result = run(clone, "script/bootstrap")
        assert result.returncode == 0
        assert "Making .venv" in result.stderr
        assert run(clone, str(python), "-c", "pass").returncode == 0


@pytest.mark.any_engine
class TestTest:
    """`script/test` with a fake pytest that records its arguments."""

    STAND_IN = "CockroachDB's engine on PostgreSQL (a stand-in, not CockroachDB)"
    NO_CLUSTER = "CockroachDB: not tried (TEST_COCKROACH_URL may name a cluster)"

    @pytest.fixture
    def clone(self, clone):
        executable(clone / "script" / "bootstrap", "#!/bin/sh\n")
        self.answer(clone, postgres=True)
        for program in ("chromium", "xgettext"):
            executable(clone / "bin" / program, "#!/bin/sh\n")
        return clone

    def answer(self, clone, *, postgres, stand_in=True, sqlite_status=0, browser_status=0, cockroach_status=0):
        """Set the exit statuses of the parts, and the available servers."""
        executable(
            clone / ".venv" / "bin" / "python",
            f"""#!/bin/sh
case $1 in
    script/postgres_url.py) {"echo postgres:///movr" if postgres else "echo no server answers >&2; exit 1"} ;;
    script/cockroach_stand_in.py) {'echo "cockroachdb:$2"' if stand_in else "echo no schema >&2; exit 1"} ;;
    *)  echo "ran <$DATABASE_URL>"; printf '<%s>' "$@"
        case "$DATABASE_URL $*" in
            *"-m browser"*) exit {browser_status} ;;
            sqlite*) exit {sqlite_status} ;;
            cockroachdb*) exit {cockroach_status} ;;
        esac ;;
esac
""",
        )

    def summary(self, result):
        return [line.strip() for line in result.stdout.partition("What ran:\n")[2].splitlines()]

    @pytest.mark.parametrize("asked", [{}, {"CI": "true"}])
    def test_all_parts_run_and_pass(self, clone, asked):
        result = run(clone, "script/test", **asked)
        assert result.returncode == 0
        assert self.summary(result) == [
            "SQLite: passed",
            "Browser: passed",
            "PostgreSQL: passed",
            f"{self.STAND_IN}: passed",
            self.NO_CLUSTER,
        ]
        assert result.stdout.count("ran <sqlite:///") == 2
        assert result.stdout.count("ran <postgres:///movr>") == 1
        assert result.stdout.count("ran <cockroachdb:postgres:///movr>") == 1

    def test_without_gettext_the_missing_check_is_reported(self, clone):
        (clone / "bin" / "xgettext").unlink()
        result = run(clone, "script/test")
        assert result.returncode == 0
        assert "Sentences that the catalogues lack: left out, gettext is not installed" in self.summary(result)
        assert run(clone, "script/test", "--all").returncode != 0

    def test_a_cluster_that_is_named_runs_the_whole_suite(self, clone):
        """Whatever scheme other programs use in its URL."""
        address = "root@localhost:26257/movr?sslmode=disable"
        result = run(clone, "script/test", "-x", TEST_COCKROACH_URL=f"postgresql://{address}")
        assert result.returncode == 0
        assert self.summary(result)[-1] == "CockroachDB: passed"
        *_others, ran = result.stdout.split("ran ")
        assert ran.startswith(f"<cockroachdb://{address}>")
        assert "<-m><not browser><--numprocesses><0><-x>" in ran
        assert "--deselect" not in ran

    def test_a_failure_on_the_cluster_is_a_failure(self, clone):
        self.answer(clone, postgres=False, cockroach_status=1)
        result = run(clone, "script/test", TEST_COCKROACH_URL="cockroachdb://localhost:26257/movr")
        assert result.returncode == 1
        assert self.summary(result)[-1] == "CockroachDB: FAILED"

    def test_a_server_that_allows_no_stand_in_is_reported(self, clone):
        self.answer(clone, postgres=True, stand_in=False)
        result = run(clone, "script/test")
        assert result.returncode == 0
        assert f"{self.STAND_IN}: left out, no schema" in self.summary(result)
        assert run(clone, "script/test", "--all").returncode == 1

    def test_arguments_reach_pytest_as_they_are(self, clone):
        assert "<rides><-k><start or end>" in run(clone, "script/test", "rides", "-k", "start or end").stdout

    def test_a_failure_in_the_first_part_is_a_failure_though_the_others_pass(self, clone):
        self.answer(clone, postgres=True, sqlite_status=1)
        result = run(clone, "script/test")
        assert result.returncode == 1
        assert self.summary(result)[:3] == ["SQLite: FAILED", "Browser: passed", "PostgreSQL: passed"]

    @pytest.mark.skipif(sys.platform == "darwin", reason="Chrome is found outside the PATH there")
    def test_a_missing_browser_is_reported(self, clone):
        (clone / "bin" / "chromium").unlink()
        result = run(clone, "script/test")
        assert result.returncode == 0
        assert "Browser: left out, no Chromium found" in result.stdout

    def test_a_missing_server_is_reported_with_the_reason(self, clone):
        self.answer(clone, postgres=False)
        result = run(clone, "script/test")
        assert result.returncode == 0
        assert "PostgreSQL: left out, no server answers" in result.stdout
        assert f"{self.STAND_IN}: left out, it needs PostgreSQL" in self.summary(result)

    @pytest.mark.parametrize("asked", [{"arguments": ["--all"]}, {"CI": "true"}])
    def test_with_all_a_missing_part_is_a_failure(self, clone, asked):
        self.answer(clone, postgres=False)
        arguments = asked.pop("arguments", [])
        assert run(clone, "script/test", *arguments, **asked).returncode == 1

    def test_a_choice_that_leaves_one_part_without_tests_passes(self, clone):
        self.answer(clone, postgres=True, browser_status=5)
        result = run(clone, "script/test", "rides")
        assert result.returncode == 0
        assert "Browser: no test of it was chosen" in result.stdout

    def test_a_part_that_has_no_test_at_all_is_left_out(self, clone):
        self.answer(clone, postgres=True, browser_status=5)
        result = run(clone, "script/test", "--all")
        assert result.returncode == 1
        assert "Browser: left out, it has no test" in result.stdout

    def test_a_choice_without_any_test_fails(self, clone):
        self.answer(clone, postgres=False, sqlite_status=5, browser_status=5)
        assert run(clone, "script/test", "nothing").returncode == 1


class TestPostgresUrl:
    def ask(self, url):
        command = [sys.executable, str(ROOT / "script" / "postgres_url.py")]
        environment = os.environ | {"TEST_POSTGRES_URL": url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    def test_it_says_why_there_is_none(self):
        result = self.ask("postgres://nobody@127.0.0.1:1/movr")
        assert result.returncode == 1
        assert result.stderr.startswith("no server lets us in: ")
        assert len(result.stderr.splitlines()) == 1

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="this run has no PostgreSQL")
    def test_it_gives_a_server_on_which_databases_may_be_made(self):
        result = self.ask(settings.DATABASE_URL)
        assert result.stdout == f"{settings.DATABASE_URL}\n", result.stderr


class TestCockroachStandIn:
    def ask(self, url):
        command = [sys.executable, str(ROOT / "script" / "cockroach_stand_in.py"), url]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def test_it_says_why_there_is_none(self):
        result = self.ask("postgres://nobody@127.0.0.1:1/movr")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="this run has no PostgreSQL")
    def test_its_address_leads_to_a_server_that_calls_itself_cockroachdb(self):
        result = self.ask(settings.DATABASE_URL)
        assert result.returncode == 0, result.stderr
        assert self.ask(settings.DATABASE_URL).stdout == result.stdout
        config = database_settings(result.stdout.strip())
        assert config["ENGINE"] == "django_cockroachdb"

        def version(options):
            params = connection.get_connection_params() | {"options": options, "dbname": config["TEST"]["TEMPLATE"]}
            params.pop("cursor_factory", None)
            with closing(psycopg2.connect(**params)) as template, template.cursor() as cursor:
                cursor.execute("SELECT version()")
                return cursor.fetchone()[0]

        assert version(config["OPTIONS"]["options"]).startswith("CockroachDB CCL v25.2.1 (")
        assert version("").startswith("PostgreSQL ")

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
    def test_existing_parameters_of_the_url_are_kept(self, scheme):
        config = database_settings(
            stand_in_url(
                f"{scheme}://me:a%40b@db:5433/movr?sslmode=disable&options=-c%20lock_timeout%3D1", "its_schema"
            ),
            send_isolation=False,
        )
        assert (config["USER"], config["PASSWORD"], config["HOST"], config["PORT"]) == ("me", "a@b", "db", 5433)
        assert config["NAME"] == "movr"
        assert config["OPTIONS"]["sslmode"] == "disable"
        assert config["OPTIONS"]["options"] == "-c lock_timeout=1 -c search_path=public,its_schema,pg_catalog"
        assert config["TEST"] == {"TEMPLATE": "its_schema"}

    def test_an_address_of_the_local_socket_will_do(self):
        config = database_settings(stand_in_url("postgres:///movr", "its_schema"))
        assert (config["HOST"], config["NAME"]) == ("", "movr")


@pytest.mark.any_engine
class TestRequirements:
    def lines(self, name):
        lines = (ROOT / name).read_text().splitlines()
        found = [line.split("#")[0].strip(" \\") for line in lines if line and not line.startswith(("#", "-r", " "))]
        assert found
        return found

    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_every_file_that_pip_may_install_is_known_by_its_hash(self, name):
        text = (ROOT / name).read_text()
        for line in self.lines(name):
            block = text.partition(f"\n{line} \\\n")[2]
            assert re.match(r" +--hash=sha256:[0-9a-f]{64}", block), line
        assert "://" not in text, "from where is for each machine to say"

    @pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
    def test_the_pins_are_what_is_installed(self, name):
        """After a change, script/requirements writes the other file."""
        written = {line.lower().replace("_", "-") for line in self.lines(f"{name}.in")}
        assert written <= {line.lower() for line in self.lines(f"{name}.txt")}

    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_every_version_is_exact_and_installed(self, name):
        for line in self.lines(name):
            package, version = line.split(";")[0].strip().split("==")
            assert metadata.version(package) == version

    def test_dependencies_of_dependencies_are_pinned_too(self):
        pinned = {canonicalize_name(line.split("==")[0]) for line in self.lines("requirements.txt")}
        for package in pinned:
            for text in metadata.requires(package) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                    assert canonicalize_name(needed.name) in pinned, f"{package} needs {needed}"


@pytest.mark.any_engine
class TestPrepare:
    """`script/prepare.py`, which `script/server` runs, in a copy of the repository without its static files."""

    @pytest.fixture
    def copy(self, tmp_path):
        left_out = shutil.ignore_patterns(
            ".*", "static", "staticfiles", "db.sqlite3*", "__pycache__", "tests", "pictures"
        )
        return shutil.copytree(ROOT, tmp_path / "movr", ignore=left_out)

    def make_outdated(self, path):
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE django_migrations (id integer PRIMARY KEY, app, name, applied datetime)")
            database.execute("INSERT INTO django_migrations (app, name) VALUES ('rides', '0002_staff_roles')")
            database.commit()

    def migrations(self, path):
        with closing(sqlite3.connect(path)) as database:
            return set(database.execute("SELECT app, name FROM django_migrations"))

    def prepare(self, folder, **variables):
        return run(folder, sys.executable, "script/prepare.py", DEBUG="on", **variables)

    def test_it_replaces_a_development_database_that_can_not_be_migrated(self, copy):
        database = copy / "db.sqlite3"
        self.make_outdated(database)
        result = self.prepare(copy)
        assert result.returncode == 0, result.stderr
        assert "Replacing it with a new one that has demo data." in result.stdout
        assert ("rides", "0001_initial") in self.migrations(database)
        assert ("rides", "0002_staff_roles") not in self.migrations(database)
        assert "Replacing" not in self.prepare(copy).stdout

    def test_it_leaves_one_that_is_named_to_the_operator(self, copy):
        database = copy / "db.sqlite3"  # also where it is the default one
        self.make_outdated(database)
        result = self.prepare(copy, DATABASE_URL=f"sqlite:///{database}")
        assert result.returncode == 1
        assert "Name an empty database, or drop this one and create it again." in result.stderr
        assert self.migrations(database) == {("rides", "0002_staff_roles")}


@pytest.mark.parametrize("name", ["bootstrap", "console", "lint", "requirements", "server", "test"])
def test_a_script_can_be_run_and_asks_for_a_plain_shell(name):
    path = ROOT / "script" / name
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/bin/sh\n")
