"""Looking without touching: what is installed, configured, owed and wrong, and what would happen."""
