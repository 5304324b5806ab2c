"""Errors of imports. Customers of the API read `description`."""

from chalice import ConflictError, NotFoundError


class ImportNotFound(NotFoundError):
    """There is no such import, or it has expired."""

    description = "There is no such import; an import is kept for 30 days."


class FileMissing(ConflictError):
    """The file of the import was not uploaded."""

    description = "The file was not uploaded; `upload` of the created import says how."
