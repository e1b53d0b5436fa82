"""What things cost as a publication grows: made-up readers and articles by the million, measured at several sizes."""
