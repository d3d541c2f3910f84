"""What tribev2-rs does otherwise than upstream, read from its source: why a kit fails, and what no kit can run."""

COMMIT = "5b00f94"
SORTED = ("modalities are sorted by name", "config.rs:456")
ZEROS = ("a weight that is missing stays zero, without a word", "weights.rs:160")
NEVER_READ = "which is read from the configuration and used nowhere"
CAUSES: dict[str, tuple[str, str]] = {
    "perceptron": ("a combiner is one linear layer, whatever its `hidden_sizes`; the run stops", "model/tribe.rs:141"),
    "unit_prelu": ("a projector's norm is layer norm or none, its activation GELU; absent biases stay zero",
                   "model/tribe.rs:117"),
    "instance_elu": ("a projector's norm is layer norm or none, its activation GELU", "model/tribe.rs:117"),
    "batch_norm": ("no integers in the weights (`num_batches_tracked`): the loader refuses the file", "weights.rs:75"),
    "even_smoothing": ("an even kernel gives no further step", "tensor.rs:598"),
    "layer_norm": (f"ScaleNorm in place of layer norm, {NEVER_READ}; a missing gain is 1", "model/encoder.rs:62"),
    "rms_norm": ("ScaleNorm with the first channel's gain in place of RMS norm", "model/encoder.rs:62"),
    "causal": (f"no mask: `causal`, {NEVER_READ}", "model/attention.rs:73"),
    "xpos": (f"neither mask nor xpos, {NEVER_READ}", "model/rotary.rs:34"),
    "residual_attention": (f"logits do not add up: `residual_attn`, {NEVER_READ}", "model/attention.rs:73"),
    "alibi": (f"no slopes: `alibi_pos_bias`, {NEVER_READ}", "model/attention.rs:73"),
    "alibi_six": (f"no slopes: `alibi_pos_bias`, {NEVER_READ}", "model/attention.rs:73"),
    "t5": (f"no bias of positions: `rel_pos_bias`, {NEVER_READ}", "model/attention.rs:73"),
    "t5_causal": (f"neither mask nor bias of positions, {NEVER_READ}", "model/attention.rs:73"),
    "everything": ("ScaleNorm in place of layer norm, no bias of positions, logits do not add up",
                   "model/encoder.rs:62"),
    "subjects": ("the loader sets `n_subjects` to 0: row 0 of the head, whoever is asked for", "model/tribe.rs:231"),
    "average_row": ("the loader sets `n_subjects` to 0: row 0 of the head, not the last one", "model/tribe.rs:231"),
    "no_bias": ("the loader sets `n_subjects` to 0: row 0 of the head, whoever is asked for", "model/tribe.rs:231"),
    "subject_projector": ("row 0 of each projector: the head's settings in place of the projector's own",
                          "model/tribe.rs:113"),
}  # fmt: skip
"""By case of the encoder: what is wrong beside the order of modalities, and where in crates/tribev2/src."""

READ: tuple[tuple[str, str, str], ...] = (
    ("windows", "100 steps of the 2 Hz grid, 50 s, in place of 100 TRs, 100 s; the last one is cut short, not filled "
     "up", "tribev2/src/segments.rs:57, 59, 93"),
    ("layers of LLaMA", "the single layers floor(0.5, 0.75, 1.0 x 27), in place of means of the layers between them",
     "tribev2/src/features.rs:76"),
    ("contexts", "the whole text in one pass, with a BOS token; upstream has a pass for each word and adds no token",
     "tribev2/src/features.rs:288, 290"),
    ("tokens of a word", "tokens are spread evenly over the words; upstream counts those of each word",
     "tribev2/src/features.rs:340"),
    ("wav2vec-BERT's input", "convolutions over the wave, as in wav2vec 2; w2v-bert-2.0 reads 160 mel values a step "
     "and has no such weights", "tribev2-audio/src/feature_encoder.rs:1"),
    ("V-JEPA 2's positions", "a learned table is added; V-JEPA 2 turns queries and keys, and has no table",
     "tribev2-video/src/patch_embed.rs:124"),
    ("missing weights of V-JEPA 2", "are left as they were made, without a word; upstream's loading is strict",
     "tribev2-video/src/weights.rs:116"),
    ("a seven-digit erf", "GELU is off by up to 1.5e-7, 9e-4 of its value near -4: within the kits' bounds, which are "
     "of the root mean square", "tribev2/src/tensor.rs:46"),
)  # fmt: skip
"""What no kit ran through the port: what it is about, what the port does, crates/ file and lines."""
