"""Properties of pure components and mixtures: the component database, and laws as kernels for unit operations."""
