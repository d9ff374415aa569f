"""Settings: where the hub lives, what its files and variables say, and what a plugin may be told."""
