"""Residence times, lot genealogy, diversion, state of control: all from the plant's own flow."""
