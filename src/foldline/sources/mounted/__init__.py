"""A site that is an application in this process: the gate is mounted around it."""
