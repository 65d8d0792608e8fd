"""Tables: what does a seller's own record of service say, a row for each thing that happened?

The simulator's calibration may import it; it imports nothing but the interface of readers.
"""
