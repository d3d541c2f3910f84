// silu(gate) * up: the gated unit of LLaMA's feed-forward.
//
// Shapes    gate (n), up (n), out (n)
// Launch    one thread an element, blocks of THREADS
// Numerics  exp of a non-positive argument only
// Source    transformers 5.23.0 LlamaMLP

extern "C" __global__ void silu_gate(const REAL* gate, const REAL* up, REAL* out, long long n) {
    long long i = (long long)blockIdx.x * THREADS + threadIdx.x;
    if (i >= n) return;
    REAL decay = exp(-fabs(gate[i]));
    REAL rising = gate[i] >= 0 ? REAL(1) : decay;
    out[i] = gate[i] * (rising / (REAL(1) + decay)) * up[i];
}
