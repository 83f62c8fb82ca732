"""The exceptions of Seedscape.

    SeedscapeError            anything Seedscape refuses or cannot do; exit_code 1
    |-- RequestError          the request is wrong: says what was expected and what came; exit_code 2
    |-- BudgetError           the result is over its profile's budget; exit_code 3
    `-- MissingPartError      a needed part is missing or damaged: says what to install; exit_code 4

Every message is one line, fit to be shown to the person who asked.
"""


class SeedscapeError(Exception):
    """Anything Seedscape refuses or cannot do."""

    exit_code = 1


class RequestError(SeedscapeError, ValueError):
    """The request is wrong; the message says what was expected and what came."""

    exit_code = 2


class BudgetError(SeedscapeError):
    """The result is over the budget of its profile."""

    exit_code = 3


class MissingPartError(SeedscapeError):
    """A needed part (an extra package, a weight file) is missing or damaged; the message says what to do."""

    exit_code = 4
