"""Sizes of installed packages: bundled libraries and metadata are the package's; pip and setuptools do not count."""

from pathlib import Path

from tools.installed_size import package_sizes


def test_sizes_by_package(tmp_path: Path) -> None:
    files = {
        "numpy/core.so": 9000, "numpy.libs/blas.so": 5000, "numpy-2.4.dist-info/METADATA": 100, "Some/x.py": 1,
        "one.py": 4097, "pip/big.py": 90000, "setuptools-65.dist-info/METADATA": 1, "_distutils_hack/a.py": 1,
    }  # fmt: skip
    for name, size in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes([1]) * size)
    sizes = package_sizes(tmp_path)
    assert set(sizes) == {"numpy", "some", "one"}
    assert 14100 <= sizes["numpy"] <= 14100 + 3 * 65536
    assert sizes.most_common(1)[0][0] == "numpy"
