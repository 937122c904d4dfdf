"""Which addresses and domains must not be mailed, why, and who may take it back."""
