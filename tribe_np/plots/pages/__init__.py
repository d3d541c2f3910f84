"""One self-contained page: what it holds is packed here in Python; the program that shows it lies in `plots/page/`."""
