"""What a reader carries: pass, meter, opening. Fixed binary layouts that may never change within a version."""
