"""Health reports: what does a marketplace itself say of an account?

Plugins, views and the command line may import it; it imports policies.
"""
