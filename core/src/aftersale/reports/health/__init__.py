"""Health reports: what does a marketplace itself say of an account?

Plugins and views may import it; it imports policies.
"""
