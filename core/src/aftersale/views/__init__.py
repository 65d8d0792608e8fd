"""Views: what do people see of all this, as records and as tables?

Only the command line and tests may import it; it imports everything below it.
"""
