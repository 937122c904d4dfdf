"""The way of a batch over the wire: a run, the letters in its hands, and the step that a task calls."""
