"""Reports: what do other people's files say?

Plugins and all that is above them may import it; it imports policies, rules.
"""
