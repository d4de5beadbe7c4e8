"""Plain data about Exchange and Windows, collected from the published cmdlet reference and real captures."""
