"""A made-up model of film, as CONTRIBUTING.md says: the mean colour of a clip or of a picture, through two layers."""
