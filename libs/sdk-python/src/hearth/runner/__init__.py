"""The warm process in a replica that holds the user's code (docs/runner-protocol.md). ``python -m hearth.runner`` runs it."""
