"""What a table of runs says: pure functions of arrays, x[n, k] of factors and y[n, m] of responses, with their names.

    surface         polynomial response surfaces with standard errors and cross-validated error
    surrogate       Gaussian processes with cross-validated error
    sensitivity     Morris and Sobol' indices with confidence intervals
    capability      process capability, probability of failure with its standard error
    design_space    probability of meeting all limits, sampling at the boundary, proven acceptable ranges
    optimise        one objective or several, constrained, global and local, robust
    estimate        parameters from data: several starts, Fisher information, profiles, bootstrap
    discriminate    which of several models the data favour
    plots           a picture of each

Nothing here runs a plant: what needs one takes a function of x.
"""
