"""What readers do, counted when they allow it; empty until its issue is built."""
