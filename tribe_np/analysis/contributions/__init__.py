"""What each modality contributes to a prediction: ablation, and Shapley values over all subsets of modalities."""
