// Each row divided by its root mean square, then scaled: LLaMA's form.
//
// Shapes    x (rows, n), weight (n), out (rows, n)
// Launch    one block of THREADS threads a row
// Numerics  eps is added to the mean square, inside the root
// Source    transformers 5.23.0 LlamaRMSNorm

extern "C" __global__ void rms_norm(const REAL* x, const REAL* weight, double eps, REAL* out, long long n) {
    __shared__ REAL partial[THREADS];
    const REAL* row = x + (long long)blockIdx.x * n;
    REAL* normed = out + (long long)blockIdx.x * n;
    REAL squares = 0;
    for (long long d = threadIdx.x; d < n; d += THREADS) squares += row[d] * row[d];
    REAL inverse = REAL(1) / sqrt(block_sum(squares, partial) / REAL(n) + REAL(eps));
    for (long long d = threadIdx.x; d < n; d += THREADS) normed[d] = weight[d] * (row[d] * inverse);
}
