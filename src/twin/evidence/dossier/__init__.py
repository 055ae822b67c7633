"""The credibility dossier of a run: sections D1 to D24 computed from the run, its log and runs like it.

Nothing that can be computed is typed: people give the question, the context, the risk and the criteria in a plan
that is entered in the log before the run; states and adequacy follow from the numbers.
"""
