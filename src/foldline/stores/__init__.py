"""SQL without Django: article records (public and sealed), pass facts and changes."""
