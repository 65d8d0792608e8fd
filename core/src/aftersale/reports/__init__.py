"""Reports: what do other people's files say?

Plugins and all that is above them may import it; it imports policies, rules, orders. Each kind of report has a folder
with a reader (defined in `reader.py`); a new kind gets a folder of its own beside these.
"""
