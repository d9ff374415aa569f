"""`python -m tm`: how tm starts itself."""

from tm.cli import main

main()
