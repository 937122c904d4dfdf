"""DKIM: signs each message in the name of its sender's domain, keeps the keys, and looks whether the world can verify them."""
