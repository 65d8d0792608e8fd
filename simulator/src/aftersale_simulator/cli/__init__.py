"""Command line: what does a user type?

Only the program loads it; it imports what is below it.
"""
