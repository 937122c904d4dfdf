"""How fast mail may go: speed limits, slowing down when a provider asks for it, retry times, and the warm-up of a new sender domain."""
