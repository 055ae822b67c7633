"""Twin simulates continuous pharmaceutical plants, from reactor to tablet."""
