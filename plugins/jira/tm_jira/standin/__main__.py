"""`python -m tm_jira.standin [PORT]`: a Jira of paper on this machine, to try things with, until it is interrupted."""

from __future__ import annotations

import sys
import threading

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
    port = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 0
    with StandIn(port) as jira:
        url = jira.server.url
        sys.stdout.write(SETTINGS.format(url=url, email=EMAIL, token=API_TOKEN, path=PATH, help=HELP))
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()
