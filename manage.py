#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise ImportError("Django is not installed. Run script/bootstrap to create the environment.") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
