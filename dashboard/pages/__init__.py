"""One module a page: each lays itself out from a dataset and answers its own clicks."""
