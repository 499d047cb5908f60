"""The data set: checked and split, pictures without people, annotations read."""
