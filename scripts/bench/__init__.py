"""`make bench`: the gate beside nginx in one interleaved run, on loopback, everything in folders that go away."""
