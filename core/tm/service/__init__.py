"""The use cases, one transaction each; they never call a plugin."""
