//! Runs the port's own loader and forward pass on a kit, and writes what its public functions show on the way.
//!
//! The modules below are the port's files, compiled as they lie in its checkout; only this file is ours.
//! Usage: port-driver CONFIG WEIGHTS BUILD_ARGS INPUTS OUT [SUBJECT...]

#![allow(dead_code)]
#[path = "port/config.rs"]
mod config;
#[path = "port/model/mod.rs"]
mod model;
#[path = "port/tensor.rs"]
mod tensor;
#[path = "port/weights.rs"]
mod weights;

use model::encoder::LayerBlock;
use model::tribe::TribeV2;
use std::collections::BTreeMap;
use std::io::Write;
use tensor::Tensor;
use weights::WeightMap;

struct Written {
    folder: String,
}

impl Written {
    /// An .npy file of the tensor.
    fn show(&self, name: &str, x: &Tensor) -> anyhow::Result<()> {
        let shape: Vec<String> = x.shape.iter().map(|n| format!("{n},")).collect();
        let about = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape.concat());
        let header = format!("{about:<width$}\n", width = (10 + about.len() + 1 + 63) / 64 * 64 - 11);
        let mut file = std::fs::File::create(format!("{}/{name}.npy", self.folder))?;
        file.write_all(b"\x93NUMPY\x01\x00")?;
        file.write_all(&(header.len() as u16).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        let bytes: Vec<u8> = x.data.iter().flat_map(|v| v.to_le_bytes()).collect();
        Ok(file.write_all(&bytes)?)
    }
}

/// One sublayer at a time, through the port's public parts, in the order of its own `forward`.
fn show_stages(
    model: &TribeV2, features: &BTreeMap<String, Tensor>, subjects: Option<&[usize]>, out: &Written,
) -> anyhow::Result<()> {
    for named in &model.projectors {
        if let Some(given) = features.get(&named.name) {
            let (b, t) = (given.shape[0], given.shape[3]);
            let x = given.reshape(&[b, given.shape[1] * given.shape[2], t]).permute(&[0, 2, 1]);
            if model.config.layer_aggregation == "cat" {
                let shown = named.projector.forward_with_subjects(&x, subjects);
                out.show(&format!("encoder.projectors.{}.output", named.name), &shown)?;
            }
        }
    }
    let mut x = model.aggregate_features_with_subjects(features, subjects);
    out.show("encoder.modalities", &x)?;
    if let Some(smoothing) = &model.temporal_smoothing {
        x = smoothing.forward(&x.permute(&[0, 2, 1])).permute(&[0, 2, 1]);
        out.show("encoder.temporal_smoothing.output", &x)?;
    }
    if let (Some(encoder), false) = (&model.encoder, model.config.linear_baseline) {
        if let Some(combiner) = &model.combiner {
            x = combiner.forward(&x);
            out.show("encoder.combiner.output", &x)?;
        }
        if let Some(table) = &model.time_pos_embed {
            let (b, t, d) = (x.shape[0], x.shape[1], x.shape[2]);
            let rows = table.slice_dim1(0, t);
            for i in 0..b * t * d {
                x.data[i] += rows.data[i % (t * d)];
            }
            out.show("encoder.time_pos_embed.output", &x)?;
        }
        let angles = encoder.rotary.as_ref().map(|rotary| rotary.forward(x.shape[1]));
        for (i, layer) in encoder.layers.iter().enumerate() {
            let at = format!("encoder.layers.{i}");
            let normed = layer.pre_norm.forward(&x);
            out.show(&format!("{at}.norm.output"), &normed)?;
            let branch = match &layer.block {
                LayerBlock::Attn(attention) => attention.forward(&normed, angles.as_ref()),
                LayerBlock::FF(feed_forward) => feed_forward.forward(&normed),
            };
            out.show(&format!("{at}.branch"), &branch)?;
            x = layer.residual.forward(&branch, &x);
            out.show(&format!("{at}.output"), &x)?;
        }
        x = encoder.final_norm.forward(&x);
        out.show("encoder.final_norm.output", &x)?;
    }
    if let Some(head) = &model.low_rank_head {
        let (b, t, d) = (x.shape[0], x.shape[1], x.shape[2]);
        x = x.reshape(&[b * t, d]).matmul(head).reshape(&[b, t, head.shape[1]]);
        out.show("encoder.low_rank_head.output", &x)?;
    }
    out.show("encoder.predictor.output", &model.predictor.forward(&x.permute(&[0, 2, 1]), subjects))
}

fn main() -> anyhow::Result<()> {
    let given: Vec<String> = std::env::args().collect();
    anyhow::ensure!(given.len() > 5, "usage: port-driver CONFIG WEIGHTS BUILD_ARGS INPUTS OUT [SUBJECT...]");
    let subjects: Vec<usize> = given[6..].iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let subjects = if subjects.is_empty() { None } else { Some(&subjects[..]) };
    let model = TribeV2::from_pretrained(&given[1], &given[2], Some(&given[3]))?;
    let inputs = WeightMap::from_safetensors(&given[4])?;
    let features: BTreeMap<String, Tensor> = inputs
        .tensors
        .into_iter()
        .map(|(name, (values, shape))| (name.replace("features.", ""), Tensor::from_vec(values, shape)))
        .collect();
    let out = Written { folder: given[5].clone() };
    show_stages(&model, &features, subjects, &out)?;
    out.show("encoder.output", &model.forward(&features, subjects, true))
}
