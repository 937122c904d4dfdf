"""What is sent, to whom and when: schedule, start, pause, cancel, progress."""
