// Each channel cross-correlated over time with its own kernel; the last tap is the current step's, zeros before step 0.
//
// Shapes    x (sequences, steps, channels), weight (channels, width), out as x; n = sequences * steps * channels
// Launch    one thread an element, blocks of THREADS
// Numerics  adds taps oldest first
// Source    transformers 5.23.0 Wav2Vec2BertConvolutionModule (left padding width - 1)

extern "C" __global__ void depthwise_causal(
    const REAL* x, const REAL* weight, REAL* out, long long steps, long long channels, long long width, long long n) {
    long long i = (long long)blockIdx.x * THREADS + threadIdx.x;
    if (i >= n) return;
    long long d = i % channels, s = i / channels % steps;
    REAL total = 0;
    for (long long w = s < width - 1 ? width - 1 - s : 0; w < width; ++w)
        total += weight[d * width + w] * x[i + (w - (width - 1)) * channels];
    out[i] = total;
}
