"""A CI system in small: workflow and template files run step by step, each job in an empty folder of its own.

Only what is in the files is run; what a job leaves behind is gone unless it was handed on as an artifact.
"""

import re
import shutil
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def load(path):
    """A YAML file as plain values."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def outputs_of(file):
    """What a step wrote to its outputs."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Workflow:
    """A GitHub workflow over a project; `breaks` maps a job to the shell command that spoils its checkout."""

    def __init__(self, folder, *, workflow, action, project, environ, breaks=None):
        self.folder, self.project, self.environ = folder, project, environ
        self.jobs, self.action = load(workflow)["jobs"], load(action)
        self.breaks = breaks or {}
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(parents=True)
        self.results, self.logs = {}, {}

    def run(self):
        """Run every job, those of a matrix leg by leg; the log of the last."""
        for name, job in self.jobs.items():
            legs = [{"python": each} for each in job.get("strategy", {}).get("matrix", {}).get("python", [])] or [{}]
            self.results[name] = "success"
            for index, leg in enumerate(legs):
                if not self._leg(name, job, values={"index": str(index), **leg}):
                    self.results[name] = "failure"
        return self.logs[name]

    def _leg(self, name, job, *, values):
        place = self.folder / f"{name}-{values['index']}"
        for each in ("work", "temp"):
            (place / each).mkdir(parents=True)
        known = {
            "matrix.python": values.get("python", ""),
            "strategy.job-index": values["index"],
            "join(needs.*.result, ' ')": " ".join(self.results.values()) if "needs" in job else "",
            "runner.temp": str(place / "temp"),
            "github.workflow": "Build",
            "github.head_ref || github.ref_name": self.environ["GITHUB_REF_NAME"],
        }
        return self._steps(job["steps"], place, known, name=name)

    def _steps(self, steps, place, known, *, name):
        is_well = True
        for number, step in enumerate(steps):
            if not self._is_due(step.get("if"), known, is_well=is_well):
                continue
            out = place / f"output-{len(list(place.glob('output-*')))}-{number}"
            is_well = self._step(step, place, known, name=name, out=out) and is_well
            known |= {f"steps.{step.get('id')}.outputs.{key}": value for key, value in outputs_of(out).items()}
        return is_well

    def _is_due(self, condition, known, *, is_well):
        text = EXPRESSION.sub(r"\1", condition or "success()")
        verdicts = {"always()": True, "!cancelled()": True, "success()": is_well}
        parts = text.split(" && ")
        return all(verdicts[part] if part in verdicts else known[part.removesuffix(" != ''")] != "" for part in parts)

    def _step(self, step, place, known, *, name, out):
        uses = step.get("uses", "").partition("@")[0]
        given = {key: self._filled(str(value), known) for key, value in step.get("with", {}).items()}
        if uses == "actions/checkout":
            shutil.copytree(self.project, place / "work", dirs_exist_ok=True)
            return self._shell(self.breaks.get(name, "true"), place, {}, out=out, name=name)
        if uses == "actions/upload-artifact":
            shutil.copytree(Path(given["path"]).parent, self.artifacts / given["name"], dirs_exist_ok=False)
            return True
        if uses == "actions/download-artifact":
            for each in self.artifacts.glob(given["pattern"]):
                shutil.copytree(each, place / "work" / given["path"] / each.name)
            return True
        if uses == "./.github/actions/tm-ci":
            return self._composite(given, place, known, name=name)
        if uses:
            assert uses == "actions/setup-python", uses
            return True
        variables = {key: self._filled(str(value), known) for key, value in step.get("env", {}).items()}
        return self._shell(self._filled(step["run"], known), place, variables, out=out, name=name)

    def _composite(self, given, place, known, *, name):
        assert set(given) <= set(self.action["inputs"]), given
        inputs = {key: given.get(key, each.get("default", "")) for key, each in self.action["inputs"].items()}
        inside = {**known, **{f"inputs.{key}": value for key, value in inputs.items()}}
        return self._steps(self.action["runs"]["steps"], place, inside, name=name)

    def _filled(self, text, known):
        return EXPRESSION.sub(
            lambda found: known.get(found[1], "") if found[1].startswith("steps.") else known[found[1]], text
        )

    def _shell(self, script, place, variables, *, out, name):
        files = {"GITHUB_OUTPUT": out, "GITHUB_STEP_SUMMARY": place / "summary.md", "RUNNER_TEMP": place / "temp"}
        environ = {**self.environ, **{key: str(file) for key, file in files.items()}, "GITHUB_JOB": name, **variables}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=place / "work", env={**environ, "HOME": str(place)}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        self.logs[name] = self.logs.get(name, "") + done.stdout + done.stderr
        return done.returncode == 0


def run_gitlab(folder, *, template, project, environ, breaks=None, dies=()):
    """The jobs of a GitLab template in the order of their stages; each job's exit code and the log of all."""
    found = load(template)
    stages = [".pre", *found["stages"], ".post"]
    jobs = {name: {**found.get(job.get("extends"), {}), **job} for name, job in found.items() if "script" in job}
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True)
    codes, log = {}, ""
    for number, (name, job) in enumerate(sorted(jobs.items(), key=lambda pair: stages.index(pair[1]["stage"]))):
        if any(codes.values()) and job.get("when") != "always":
            continue
        if name in dies:  # the runner is lost, and with it what the job would have left
            continue
        place = folder / name
        shutil.copytree(project, place)
        shutil.copytree(artifacts, place, dirs_exist_ok=True)
        known = {**environ, **job.get("variables", {}), "CI_JOB_NAME": name, "CI_JOB_NAME_SLUG": name}
        known |= {"CI_JOB_ID": str(number)}
        known |= {"CI_PROJECT_DIR": str(place), "HOME": str(place), "CI_JOB_STATUS": "running"}
        script = "\n".join([(breaks or {}).get(name, "true"), *job["script"]])
        codes[name], said = _bash(script, place, known)
        status = "failed" if codes[name] else "success"
        after = _bash("\n".join(job.get("after_script", ["true"])), place, {**known, "CI_JOB_STATUS": status})
        log += said + after[1]
        for file in [each for pattern in job.get("artifacts", {}).get("paths", ()) for each in place.glob(pattern)]:
            shutil.copy(file, artifacts)
    return codes, log


def _bash(script, place, environ):
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=place, env=environ, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr
