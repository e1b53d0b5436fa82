"""The proof that nothing leaks: surfaces, request variants, twins, shingles, and faults that the proof must find."""
