"""Another implementation held against a kit: its files read, each tap compared, and what that says.

Called as it is, and not compare, because a folder of that name would stand before the function `oracle.compare`.
"""
