"""The commands of `tribe-np batch`, one file each."""
