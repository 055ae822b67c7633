"""That a run is what it was: the log of all starts and ends, seals, signatures, and the check of all of them.

`verify` and what it imports need h5py and `cryptography` and nothing of the simulator, so that they
travel alone (`twin evidence zipapp`). Tamper-evident, not tamper-proof: whoever holds a signing key and the
folder can write another history, against which only a hash kept elsewhere helps.
"""
