"""The compiled plant as a linear system about one of its states, and what can be read from that."""
