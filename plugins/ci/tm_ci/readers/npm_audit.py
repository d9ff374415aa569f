"""What `npm audit --json` prints, of npm 6 and of npm 7 and later."""

from __future__ import annotations

from tm_ci.readers.reading import Reading, Unreadable, count, object_of

NAMES = ("security_issues", "security_critical", "security_high", "security_moderate", "security_low")

_SEVERITIES = ("critical", "high", "moderate", "low", "info")


def read(report: bytes) -> Reading:
    """Issues in all and by severity. Raises Unreadable when the audit could not run (`error`, or no `metadata`)."""
    audit = object_of(report)
    if "error" in audit:
        raise Unreadable("npm could not audit: it reports an error")
    metadata = audit.get("metadata")
    found = metadata.get("vulnerabilities") if isinstance(metadata, dict) else None
    if not isinstance(found, dict):
        raise Unreadable("it has no metadata of vulnerabilities: the audit did not run")
    counts = {name: count(found.get(name)) for name in _SEVERITIES}
    if any(counts[name] is None for name in _SEVERITIES if name != "info"):
        raise Unreadable("it does not count every severity")
    total = sum(each or 0 for each in counts.values())
    said = count(found.get("total"))
    issues = total if said is None else max(total, said)
    return {NAMES[0]: issues, **{f"security_{name}": counts[name] for name in _SEVERITIES if name != "info"}}
