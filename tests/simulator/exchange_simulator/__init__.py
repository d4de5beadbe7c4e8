"""A simulated Microsoft Exchange organisation that speaks the real protocols."""
