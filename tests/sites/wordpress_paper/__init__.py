"""A newspaper in WordPress, from Debian's packages: `site.py` runs it, `orders.php` is what writes its articles."""
