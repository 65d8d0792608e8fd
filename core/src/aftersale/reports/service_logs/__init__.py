"""Service logs: what does a seller's own record of service say, one row for each event?

The simulator's calibration may import it; it imports base and the interface of readers.
"""
