"""Books: what did a run come to in money?

It is booked from the run's own steps, by the lines of `aftersale.costs`; the room of runs may import it.
"""
