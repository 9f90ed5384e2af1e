"""One package per agency; each translates a legacy feed into records on the bus."""
