"""Access by programs: people's tokens, organisations' clients, and answers kept for requests that are sent again."""
