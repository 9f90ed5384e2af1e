"""The console: the web page on which people see the city and the bus."""
