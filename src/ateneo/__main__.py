"""`python -m ateneo`: the command, for launchers such as torchrun that start modules."""

from ateneo.cli import main

main()
