"""What `pip-audit --format json` prints."""

from __future__ import annotations

from tm_ci.readers.reading import Reading, Unreadable, json_of

NAMES = ("security_issues",)


def read(report: bytes) -> Reading:
    """How many known vulnerabilities the packages have.

    Raises Unreadable when nothing was audited or a package was skipped: pip-audit calls both clean.
    """
    audit = json_of(report)
    packages = audit.get("dependencies") if isinstance(audit, dict) else audit
    if not isinstance(packages, list):
        raise Unreadable("it has no dependencies: this is no report of pip-audit")
    if not packages:
        raise Unreadable("it lists no package: nothing was audited")
    issues = 0
    for package in packages:
        if not isinstance(package, dict):
            raise Unreadable("a package of it is no object")
        if "skip_reason" in package or not isinstance(package.get("vulns"), list):
            raise Unreadable(f"the package {str(package.get('name'))[:40]} was skipped, so nobody knows")
        issues += len(package["vulns"])
    return {NAMES[0]: issues}
