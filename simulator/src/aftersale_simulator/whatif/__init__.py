"""What-if: which variant keeps the targets at the least cost?

Staffing and the command line may import it; it imports stress, sensitivity, runs.
"""
