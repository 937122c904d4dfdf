"""The rows and what is said about them: planned, claimed by the batch, settled, recovered, corrected by a person, told."""
