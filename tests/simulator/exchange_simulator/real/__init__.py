"""The second engine behind the simulator's front: a real PowerShell, whose cmdlets ask the simulated organisation."""
