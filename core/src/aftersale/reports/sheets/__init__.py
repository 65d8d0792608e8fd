"""Sheets: which rows and cells does a text file hold, as spreadsheets and shops export it?

The readers of orders and of service logs may import it, and the calibration of the simulator; it imports base.
"""
