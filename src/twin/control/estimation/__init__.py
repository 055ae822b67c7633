"""Extended Kalman filters with the twin as their model: soft sensing, disturbances, and what drifts."""
