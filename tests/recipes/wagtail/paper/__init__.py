"""The application of the Wagtail site."""
