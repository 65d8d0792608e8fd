"""Documents: how does a TOML file become values that can be trusted?

Whatever reads TOML may import it; it imports clocks, base.
"""
