"""What keeps tasks, events and deliveries: named SQL over one small database interface."""
