"""The error that all commands share."""


class WrongUse(Exception):
    """The command was not given what it needs: exit code 2."""
