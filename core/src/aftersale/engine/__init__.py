"""Engine: what does a fact do to a case?

Metrics, costs, journal and all that is above them may import it; it imports policies.
"""
