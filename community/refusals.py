from movr_project.errors import Refused


class CommunityRefused(Refused):
    """Codes.

    ``account_changed``, ``blocked``, ``decided_already``, ``not_found``, ``own_account``, ``objected_already``,
    ``silenced``, ``staff_only``.
    """
