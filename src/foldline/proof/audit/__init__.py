"""`foldline audit`: what a site of anybody's gives away of its articles to somebody who may not read them."""
