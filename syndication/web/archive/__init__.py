"""The public site of a publication: front page, articles, tags, authors, search, sitemap, and how to follow it all."""
