"""ScriptLocation of the Glue job `remove`; the package `glue_jobs` comes as a zip in `--extra-py-files`."""

from glue_jobs.main import run

if __name__ == "__main__":
    run("remove")
