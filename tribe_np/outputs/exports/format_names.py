"""The formats that `export` writes, by name: a module that --help imports, so it imports nothing."""

EXPORT_FORMATS = {  # name: the record, and what it is in a line of --help
    "gifti": ("tribe_np.outputs.exports.gifti_files.GIFTI", "one .func.gii a hemisphere"),
    "cifti": ("tribe_np.outputs.exports.cifti_files.CIFTI", "CIFTI-2 .dtseries.nii"),
    "mgh": ("tribe_np.outputs.exports.freesurfer_files.MGH", "FreeSurfer .mgh, one a hemisphere"),
    "mgz": ("tribe_np.outputs.exports.freesurfer_files.MGZ", "the same, compressed"),
    "mz3": ("tribe_np.outputs.exports.mz3_stc_files.MZ3", "Surf Ice and niivue .mz3, one a hemisphere"),
    "stc": ("tribe_np.outputs.exports.mz3_stc_files.STC", "MNE source estimates -lh.stc and -rh.stc"),
    "nifti": ("tribe_np.outputs.exports.ribbon_volumes.NIFTI", "a volume: the ribbon between white and pial"),
    "npz": ("tribe_np.outputs.exports.array_files.NPZ", "NumPy arrays with their times"),
    "hdf5": ("tribe_np.outputs.exports.hdf5_files.HDF5", "HDF5 (extra hdf5)"),
    "raw": ("tribe_np.outputs.exports.array_files.RAW", "float32 with JSON, as the Rust port writes it"),
    "csv": ("tribe_np.outputs.exports.region_csv.CSV", "a time course per region"),
}
