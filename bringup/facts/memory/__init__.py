"""Memory as a record shows it: reserved regions, CMA areas, the map, and where buffers lie."""
