"""What people look at in a browser: Datasette on the database with pages of our own, and the report as one file.

serving     the server: where it listens, and that it ends in order
site        Datasette, the addresses of our pages, who may look
views       what each page shows, read from the store
tables      the database as Datasette's pages see it
report      the report, from the same parts
plots       the geometry of the plots (pure)
passages    sentences with the words that decided (pure)
templates/  the pages; everything that comes from the web is escaped by the template engine
static/     the one style sheet
"""
