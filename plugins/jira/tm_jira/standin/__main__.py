"""`python -m tm_jira.standin [PORT]`: a Jira of paper on this machine, to try things with, until it is interrupted."""

from __future__ import annotations

import sys
import threading

from tm import Clock
from tm_jira.standin import API_TOKEN, EMAIL, StandIn
from tm_jira.standin.sentences import HELP, PATH

SETTINGS = """\
A Jira of paper at {url}; nothing in it outlives this process. In tm.toml:

[plugins.jira]
url = "{url}"
email = "{email}"
[[plugins.jira.projects]]
project = "PROJ"

The token: echo {token} | tm config secret jira.api_token
People: curl -d "move PROJ-1 to Done" {url}{path}
{help}"""


def main() -> None:
    """Open the stand-in, say how to reach it, and wait."""
    words = sys.argv[1:]
    if len(words) > 1 or (words and not words[0].isdigit()):
        sys.stderr.write("Usage: python -m tm_jira.standin [PORT]\n")
        sys.exit(2)
    try:
        jira = StandIn(int(words[0]) if words else 0)
    except (OSError, OverflowError) as wrong:
        sys.stderr.write(f"Port {words[0]} cannot be used ({wrong}). Take another, or none for a free one.\n")
        sys.exit(4)
    # a Jira that was started anew is another one: its issues are not those of before
    jira.site.archive.number_from(int(Clock().now().timestamp()))
    with jira:
        url = jira.server.url
        sys.stdout.write(SETTINGS.format(url=url, email=EMAIL, token=API_TOKEN, path=PATH, help=HELP))
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()
