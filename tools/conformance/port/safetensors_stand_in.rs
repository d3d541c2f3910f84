//! The part of the crate `safetensors` that the port's loader calls, for machines that cannot have the crate itself.
//! It reads well-formed files; it is not a safetensors library.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    BF16,
    F16,
    F32,
    Other,
}

pub struct TensorView<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
    pub fn data(&self) -> &'a [u8] {
        self.bytes
    }
}

pub struct SafeTensors<'a> {
    views: BTreeMap<String, (Dtype, Vec<usize>, &'a [u8])>,
}

impl<'a> SafeTensors<'a> {
    pub fn deserialize(file: &'a [u8]) -> Result<Self, std::io::Error> {
        let bad = || std::io::Error::new(std::io::ErrorKind::InvalidData, "not a safetensors file");
        let length = u64::from_le_bytes(file.get(..8).ok_or_else(bad)?.try_into().map_err(|_| bad())?) as usize;
        let start = length.checked_add(8).ok_or_else(bad)?;
        let header: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(file.get(8..start).ok_or_else(bad)?).map_err(|_| bad())?;
        let mut views = BTreeMap::new();
        for (name, entry) in header {
            if name == "__metadata__" {
                continue;
            }
            let whole = |value: &serde_json::Value| value.as_u64().map(|n| n as usize);
            let numbers = |key: &str| entry[key].as_array()?.iter().map(whole).collect::<Option<Vec<usize>>>();
            let offsets = numbers("data_offsets").filter(|o| o.len() == 2).ok_or_else(bad)?;
            let dtype = match entry["dtype"].as_str() {
                Some("F32") => Dtype::F32,
                Some("F16") => Dtype::F16,
                Some("BF16") => Dtype::BF16,
                _ => Dtype::Other,
            };
            let bytes = file.get(start + offsets[0]..start + offsets[1]).ok_or_else(bad)?;
            views.insert(name, (dtype, numbers("shape").ok_or_else(bad)?, bytes));
        }
        Ok(Self { views })
    }

    pub fn len(&self) -> usize {
        self.views.len()
    }

    pub fn tensors(&self) -> Vec<(String, TensorView<'a>)> {
        let view = |(name, (dtype, shape, bytes)): (&String, &(Dtype, Vec<usize>, &'a [u8]))| {
            (name.clone(), TensorView { dtype: *dtype, shape: shape.clone(), bytes })
        };
        self.views.iter().map(view).collect()
    }
}
