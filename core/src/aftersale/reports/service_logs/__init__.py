"""Service logs: what does a seller's own record of service say, one row for each event?

Plugins and the simulator's calibration may import it; it imports documents, channels and sheets.
"""
