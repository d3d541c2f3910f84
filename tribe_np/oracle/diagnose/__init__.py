"""Why a port's numbers are wrong: known mistakes, each a change of a run, and the search for the right one."""
