"""Passkeys (WebAuthn): people log in with their device instead of a password, and staff prove their second factor."""
