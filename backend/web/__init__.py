"""HTTP: the routes of the API, what requests and answers look like, who may ask, and the server under them."""
