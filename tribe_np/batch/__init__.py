"""Many stimuli, many machines: a study is planned once, made by any number of processes, and looked at while it runs.

An engine (Dask, Slurm, or any program that starts `tribe-np batch work`) only carries names of tasks to processes; what
is done is what lies in the cache. Importing these modules imports no numerical package: threads are set before NumPy.
"""
