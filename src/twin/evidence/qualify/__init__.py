"""Installation and operational qualification: requirements, the checks that test them, and a report that can be signed.

What is checked is what is installed: kernels are compiled and run, plants are read and simulated, files are written
and tampered with. A requirement without a check that ran is not met.
"""
