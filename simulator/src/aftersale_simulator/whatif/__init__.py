"""What-if: which variant keeps the targets at the least cost?

The command line and the notebook may import it; it imports stress, sensitivity, calibration and what is below them.
"""
