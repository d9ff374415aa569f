"""Speed and memory of an installed `tm`, as ratios of two things measured side by side."""
