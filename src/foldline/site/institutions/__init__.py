"""Libraries and companies: their contracts at the desk, and what their verified addresses are entitled to."""
