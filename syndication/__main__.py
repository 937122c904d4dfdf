"""`python -m syndication`: the same command line as `syndication`."""

from syndication.cli.main import main

main()
