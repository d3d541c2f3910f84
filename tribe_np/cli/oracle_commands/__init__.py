"""The commands of `tribe-np oracle`, a file each."""
