"""Web Push (RFC 8030): notifications on devices that have no page of MovR open. See docs/decisions/0033."""
