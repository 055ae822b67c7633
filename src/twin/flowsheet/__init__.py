"""The flowsheet of a plant: its graph, where units stand, how pipes run, what symbols look like; drawn as SVG."""
