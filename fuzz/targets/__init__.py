"""The targets: each file has ``one(data)``, which raises where bringup does what it must not."""
